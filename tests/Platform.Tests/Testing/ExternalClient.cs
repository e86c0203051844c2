using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Events.Tests.Platform.Features;

namespace Events.Tests.Platform.Testing;

/// <summary>An organisation's system with a token of the external API; keeps what it was answered, to be held against the API's description.</summary>
internal sealed class ExternalClient : HttpClient
{
    public static readonly string[] AllScopes = ["events:read", "events:write", "orders:read", "participants:read", "check-ins:read", "check-ins:write"];

    private readonly Recorder _recorder;

    private ExternalClient(Recorder recorder, Uri url, string token)
        : base(recorder)
    {
        (_recorder, BaseAddress, Token) = (recorder, url, token);
        DefaultRequestHeaders.Authorization = new("Bearer", token);
    }

    public string Token { get; }

    /// <summary>One line of JSON an answer: method, path, status, type, body.</summary>
    public IEnumerable<string> Observed => _recorder.Observed;

    public static async Task<ExternalClient> IssueAsync(PlatformFixture fixture, Guid organiserId, params string[] scopes)
    {
        using var staff = await fixture.StaffAsync();
        var created = await staff.PostJsonAsync($"/api/v1/staff/organisations/{organiserId}/api-tokens", new { name = "System", scopes = scopes.Length == 0 ? AllScopes : scopes }, HttpStatusCode.Created);
        return new ExternalClient(new Recorder(), fixture.Url, created.GetProperty("token").GetString()!);
    }

    public async Task<JsonElement> WriteAsync(HttpMethod method, string path, object body, HttpStatusCode expected, string? key = null)
    {
        using var response = await SendAsync(method, path, body, key);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(expected == response.StatusCode, $"{method} {path}: {response.StatusCode} {text}");
        return text.Length == 0 ? default : JsonDocument.Parse(text).RootElement;
    }

    public Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, object? body, string? key)
    {
        var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        return SendAsync(request);
    }

    private sealed class Recorder() : DelegatingHandler(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false })
    {
        public ConcurrentQueue<string> Observed { get; } = new();

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var response = await base.SendAsync(request, cancellationToken);
            await response.Content.LoadIntoBufferAsync(cancellationToken);
            Observed.Enqueue(JsonSerializer.Serialize(new
            {
                method = request.Method.Method,
                path = request.RequestUri!.PathAndQuery,
                status = (int)response.StatusCode,
                type = response.Content.Headers.ContentType?.MediaType,
                body = await response.Content.ReadAsStringAsync(cancellationToken),
            }));
            return response;
        }
    }
}
