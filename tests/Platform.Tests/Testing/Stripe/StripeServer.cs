using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Events.Tests.Platform.Testing.Stripe;

/// <summary>
/// Stripe as a platform meets it, on loopback: the API's doors with their authentication, versions, errors and idempotency keys
/// (docs.stripe.com/api), and webhooks that are signed and sent when a test says so. Stripe's own client for Node accepts it: see StripeClientTests.
/// </summary>
internal sealed class StripeServer : IAsyncDisposable
{
    public const string SecretKey = "sk_test_standin0000000000000000";
    public const string WebhookSecret = "whsec_standin0000000000000000";

    private readonly Lock _gate = new();
    private readonly Dictionary<string, (string Fingerprint, int Status, string Body)> _answers = [];
    private readonly WebApplication _app;
    private (string Id, int Status, string? Code)? _trouble;
    private string? _forgottenOnceRefunded;
    private int _failures;
    private int _failWith;
    private int _losses;

    private StripeServer(WebApplication app, Uri url)
    {
        (_app, Url) = (app, url);
        Ledger = new StripeLedger(() => Clock(), url.ToString().TrimEnd('/'));
    }

    public Uri Url { get; }

    public StripeLedger Ledger { get; }

    public Func<DateTimeOffset> Clock { get; set; } = () => DateTimeOffset.UtcNow;

    /// <summary>Every request: "POST /v1/refunds", its idempotency key and its API version.</summary>
    public ConcurrentQueue<(string What, string? IdempotencyKey, string? Version, StripeForm Form)> Requests { get; } = new();

    public static async Task<StripeServer> StartAsync()
    {
        var port = PlatformFixture.FreePort();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        var app = builder.Build();
        var server = new StripeServer(app, new Uri($"http://127.0.0.1:{port}"));
        app.Map("/v1/{**path}", server.AnswerAsync);
        app.MapPost("/test/pay/{id}", (string id) => server.Pay(id) ? Results.Ok() : Results.Conflict());
        app.MapPost("/test/enable/{id}", (string id) => server.Locked(() => server.Ledger.SetEnabled(id, true).ToJsonString()));
        app.MapGet("/test/webhooks", () => server.Locked(() => new JsonArray([.. server.Ledger.Events.Select(e => (JsonNode)new JsonObject { ["payload"] = e.ToJsonString(), ["signature"] = Sign(e.ToJsonString(), server.Clock()) })]).ToJsonString()));
        await app.StartAsync();
        return server;
    }

    /// <summary>The next requests are answered with this status, and nothing is done.</summary>
    public void Fail(int requests, int status) => Locked(() => (_failures, _failWith) = (requests, status));

    /// <summary>Every request that names this is answered with this status, and nothing is done; until null ends it.</summary>
    public void FailAbout(string id, int? status, string? code = null) => Locked(() => _trouble = status is { } with ? (id, with, code) : null);

    /// <summary>Stripe has a session no more, as when it was another account's, or of a test mode that was cleared.</summary>
    public void Forget(string session) => Locked(() => Ledger.Forget(session));

    /// <summary>The same, from the moment on at which a refund was made.</summary>
    public void ForgetOnceRefunded(string session) => Locked(() => _forgottenOnceRefunded = session);

    /// <summary>The next requests are carried out, but their answers get lost on the way.</summary>
    public void LoseAnswers(int requests) => Locked(() => _losses = requests);

    public bool Pay(string session) => Locked(() => Ledger.Pay(session));

    public void SetEnabled(string account, bool isEnabled) => Locked(() => Ledger.SetEnabled(account, isEnabled));

    /// <summary>Somebody refunds a payment in the dashboard.</summary>
    public void Refund(string paymentIntent) => Locked(() => Ledger.CreateRefund(new StripeForm(new Dictionary<string, string> { ["payment_intent"] = paymentIntent })));

    public void FailRefund(string paymentIntent) => Locked(() =>
    {
        Ledger.FailRefund(paymentIntent);
        return true;
    });

    public IReadOnlyList<JsonObject> All(string kind) => Locked(() => Ledger.All(kind).ToList());

    /// <summary>Webhooks about an object, in the order in which they happened.</summary>
    public IReadOnlyList<string> WebhooksAbout(string id) => Locked(() => Ledger.Events.Where(e => (string?)e["data"]!["object"]!["id"] == id || (string?)e["data"]!["object"]!["payment_intent"] == id).Select(e => e.ToJsonString()).ToList());

    /// <summary>docs.stripe.com/webhooks, "Verify webhook signatures manually".</summary>
    public static string Sign(string payload, DateTimeOffset at, string secret = WebhookSecret)
    {
        var time = at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var mac = HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes($"{time}.{payload}"));
        return $"t={time},v1={Convert.ToHexStringLower(mac)},v0={new string('0', 64)}";
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var request = context.Request;
        var form = await StripeForm.ReadAsync(request);
        var key = request.Headers["Idempotency-Key"].FirstOrDefault();
        Requests.Enqueue(($"{request.Method} {request.Path}", key, request.Headers["Stripe-Version"].FirstOrDefault(), form));
        var (status, body, isReplay, isLost) = Locked(() => Answer(request, form, key));
        if (isLost)
        {
            context.Abort();
            return;
        }

        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        context.Response.Headers["Request-Id"] = $"req_{Guid.NewGuid():N}"[..18];
        context.Response.Headers["Stripe-Version"] = request.Headers["Stripe-Version"];
        if (key is not null)
        {
            context.Response.Headers["Idempotency-Key"] = key;
        }

        if (isReplay)
        {
            context.Response.Headers["Idempotent-Replayed"] = "true";
        }

        await context.Response.WriteAsync(body);
    }

    private (int Status, string Body, bool IsReplay, bool IsLost) Answer(HttpRequest request, StripeForm form, string? key)
    {
        if (request.Headers.Authorization != $"Bearer {SecretKey}")
        {
            return (401, Error("invalid_request_error", null, "Invalid API Key provided.", null), false, false);
        }

        if (_failures > 0)
        {
            _failures--;
            return (_failWith, Error("api_error", _failWith == 429 ? "rate_limit" : null, "Something went wrong on our side.", null), false, false);
        }

        var fingerprint = $"{request.Path}?{form.Fingerprint}";
        if (_trouble is { } trouble && fingerprint.Contains(trouble.Id, StringComparison.Ordinal))
        {
            return (trouble.Status, Error("api_error", trouble.Code, "Something is wrong with this one.", null), false, false);
        }

        if (key is not null && HttpMethods.IsPost(request.Method) && _answers.TryGetValue(key, out var before))
        {
            return before.Fingerprint == fingerprint
                ? (before.Status, before.Body, true, Lost())
                : (400, Error("idempotency_error", null, "Keys for idempotent requests can only be used with the same parameters they were first used with.", null), false, false);
        }

        int status;
        string body;
        try
        {
            (status, body) = (200, Carry(request.Method, request.Path.Value!["/v1/".Length..].Split('/'), form).ToJsonString());
        }
        catch (StripeRefusal e)
        {
            // What was refused before anything was done is not remembered under the key.
            return (e.Status, Error(e.Type, e.Code, e.Message, e.Parameter), false, false);
        }

        if (_forgottenOnceRefunded is { } forgotten && request.Path == "/v1/refunds")
        {
            Ledger.Forget(forgotten);
            _forgottenOnceRefunded = null;
        }

        if (key is not null)
        {
            _answers[key] = (fingerprint, status, body);
        }

        return (status, body, false, Lost());
    }

    private JsonObject Carry(string method, string[] path, StripeForm form) => (method, path) switch
    {
        ("POST", ["accounts"]) => Ledger.Show(Ledger.CreateAccount(form), form),
        ("GET", ["accounts", var id]) => Ledger.Show(Ledger.Get("account", id), form),
        ("POST", ["account_links"]) => Ledger.CreateLink(form),
        ("POST", ["checkout", "sessions"]) => Ledger.Show(Ledger.CreateSession(form), form),
        ("GET", ["checkout", "sessions", var id]) => Ledger.Show(Ledger.Session(id), form),
        ("POST", ["checkout", "sessions", var id, "expire"]) => Ledger.Show(Ledger.ExpireSession(id), form),
        ("GET", ["payment_intents", var id]) => Ledger.Show(Ledger.Get("payment_intent", id), form),
        ("GET", ["charges", var id]) => Ledger.Show(Ledger.Get("charge", id), form),
        ("POST", ["refunds"]) => Ledger.Show(Ledger.CreateRefund(form), form),
        ("GET", ["refunds", var id]) => Ledger.Show(Ledger.Get("refund", id), form),
        _ => throw new StripeRefusal(404, "invalid_request_error", null, $"Unrecognized request URL ({method}: /v1/{string.Join('/', path)})."),
    };

    private bool Lost() => _losses > 0 && _losses-- > 0;

    private static string Error(string type, string? code, string message, string? parameter)
    {
        var error = new JsonObject { ["type"] = type, ["message"] = message };
        if (code is not null)
        {
            error["code"] = code;
        }

        if (parameter is not null)
        {
            error["param"] = parameter;
        }

        return new JsonObject { ["error"] = error }.ToJsonString();
    }

    private T Locked<T>(Func<T> work)
    {
        lock (_gate)
        {
            return work();
        }
    }
}
