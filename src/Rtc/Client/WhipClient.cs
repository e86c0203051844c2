using System.Net;
using Events.Rtc.Client.Signalling;
using Events.Rtc.Protocol.Dtls;
using Events.Rtc.Protocol.Srtp;

namespace Events.Rtc.Client;

/// <summary>What WHIP and WHEP clients are made of; one serves any number of connections.</summary>
public sealed record ClientStack(HttpClient Http, IDtlsEngineFactory Dtls, ISrtpCipherFactory Ciphers)
{
    public ClientPeerOptions Options { get; init; } = new();
}

/// <summary>A connected WHIP or WHEP session; disposing it deletes the resource.</summary>
public sealed class ClientConnection : IAsyncDisposable
{
    private static readonly TimeSpan DeleteTimeout = TimeSpan.FromSeconds(2);

    private readonly HttpClient _http;
    private readonly Uri _resource;
    private readonly string? _bearer;

    private ClientConnection(ClientEndpoint endpoint, HttpClient http, Uri resource, string? bearer)
    {
        Endpoint = endpoint;
        _http = http;
        _resource = resource;
        _bearer = bearer;
    }

    public ClientEndpoint Endpoint { get; }

    public async ValueTask DisposeAsync()
    {
        using var timeout = new CancellationTokenSource(DeleteTimeout);
        try
        {
            await SdpExchange.DeleteAsync(_http, _resource, _bearer, timeout.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (error is SignallingException or OperationCanceledException)
        {
            // The server is gone or slow: it drops the session itself once consent is lost.
        }

        await Endpoint.DisposeAsync().ConfigureAwait(false);
    }

    internal static async Task<ClientConnection> OpenAsync(
        ClientStack stack, Uri url, string? bearer, ClientMediaPlan plan, Action<ClientEndpoint>? prepare, CancellationToken cancellation)
    {
        var description = new ClientDescription(stack.Dtls.LocalFingerprint);
        var result = await SdpExchange.PostAsync(stack.Http, url, bearer, description.WriteOffer(plan), cancellation).ConfigureAwait(false);
        if (!description.TryReadAnswer(result.Answer, out var session, out var error))
        {
            throw new SignallingException(error, null, $"The answer from {url} cannot be used: {error}.");
        }

        var host = IPAddress.TryParse(result.Resource.Host.Trim('[', ']'), out var address) ? address
            : result.Resource.IsLoopback ? IPAddress.Loopback : null;
        var connection = new ClientConnection(new(session, stack.Options, stack.Dtls, stack.Ciphers, host), stack.Http, result.Resource, bearer);
        try
        {
            prepare?.Invoke(connection.Endpoint);
            connection.Endpoint.Start();
            await connection.Endpoint.Connected.WaitAsync(cancellation).ConfigureAwait(false);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }
}

/// <summary>Publishes by WHIP (RFC 9725).</summary>
public static class WhipClient
{
    /// <summary>Publishes one audio and one video track; returns when the media connection stands.</summary>
    /// <param name="stack">Shared parts.</param>
    /// <param name="url">The WHIP endpoint.</param>
    /// <param name="bearer">Token; null sends none.</param>
    /// <param name="prepare">Sets the endpoint's handlers before it starts.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="SignallingException">Refused, unreachable, or not connected.</exception>
    public static Task<ClientConnection> PublishAsync(
        ClientStack stack, Uri url, string? bearer, Action<ClientEndpoint>? prepare = null, CancellationToken cancellation = default) =>
        ClientConnection.OpenAsync(stack, url, bearer, ClientMediaPlan.Publish, prepare, cancellation);
}

/// <summary>Watches by WHEP (draft-ietf-wish-whep).</summary>
public static class WhepClient
{
    /// <summary>Receives the planned number of tracks; returns when the media connection stands.</summary>
    /// <param name="stack">Shared parts.</param>
    /// <param name="url">The WHEP endpoint.</param>
    /// <param name="bearer">Token; null sends none.</param>
    /// <param name="plan">How many tracks of each kind to take; null: one of each.</param>
    /// <param name="prepare">Sets the endpoint's handlers before it starts.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="SignallingException">Refused, unreachable, or not connected.</exception>
    public static Task<ClientConnection> ViewAsync(
        ClientStack stack, Uri url, string? bearer, ClientMediaPlan? plan = null, Action<ClientEndpoint>? prepare = null, CancellationToken cancellation = default) =>
        ClientConnection.OpenAsync(stack, url, bearer, plan ?? ClientMediaPlan.View, prepare, cancellation);
}
