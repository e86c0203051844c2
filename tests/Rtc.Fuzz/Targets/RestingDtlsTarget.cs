using Events.Rtc.OpenSsl;
using Events.Rtc.Protocol.Dtls;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Srtp;
using Events.Tests.Rtc.Fuzz.Engine;

namespace Events.Tests.Rtc.Fuzz.Targets;

/// <summary>A DTLS association that libssl no longer holds, fed datagrams of others.</summary>
internal sealed class RestingDtlsTarget : IFuzzTarget
{
    private static readonly SrtpProfile[] Profiles = [SrtpProfile.AeadAes128Gcm];

    private readonly OpenSslDtlsEngineFactory _factory = new();
    private readonly IDtlsEngine _engine;

    public RestingDtlsTarget()
    {
        var (client, server) = Connect();
        client.Dispose();
        _engine = server;
        _engine.Rest();
    }

    public string Name => "dtls-resting";

    public int MaxLength => 4_000;

    public long AllocationLimit => 64 * 1_024;

    public IReadOnlyList<byte[]> Words { get; } =
        [[0x15, 0xFE, 0xFD, 0, 1, 0, 0, 0, 0, 0, 1, 0, 26], [0x16, 0xFE, 0xFD, 0, 1], [0xFF, 0xFF], [0, 26], [1, 0], [2, 40]];

    public IEnumerable<byte[]> Seeds
    {
        get
        {
            // The farewell of another association: well-formed, and not authentic here.
            var (client, server) = Connect();
            using (client)
            using (server)
            {
                client.Close(MonotonicTime.Zero);
                var farewell = Take(client);
                server.Rest();
                server.Close(MonotonicTime.Zero);
                var ours = Take(server);
                return [Frames.Join([farewell]), Frames.Join([ours]), Frames.Join([[.. farewell, .. ours]])];
            }
        }
    }

    public void Run(ReadOnlySpan<byte> input)
    {
        var frames = new Frames(input);
        while (frames.TryNext(out var datagram))
        {
            _engine.Receive(datagram, MonotonicTime.Zero);
            Demand.That(_engine is { State: DtlsState.Connected, Keys: not null }, "Only the peer ends the association.");
            Demand.That(!_engine.TryTakeDatagram(new byte[1_200], out _), "Nothing is said to strangers.");
        }
    }

    public void Dispose()
    {
        _engine.Dispose();
        Demand.That(_factory.LiveSessions == 0, "No session is left behind.");
        _factory.Dispose();
    }

    private (IDtlsEngine Client, IDtlsEngine Server) Connect()
    {
        var client = _factory.Create(DtlsRole.Client, _factory.LocalFingerprint, Profiles);
        var server = _factory.Create(DtlsRole.Server, _factory.LocalFingerprint, Profiles);
        client.Start(MonotonicTime.Zero);
        for (var moved = true; moved;)
        {
            moved = DtlsTarget.Carry(client, server, null) | DtlsTarget.Carry(server, client, null);
        }

        Demand.That(server.State == DtlsState.Connected, "An untouched handshake stands.");
        return (client, server);
    }

    private static byte[] Take(IDtlsEngine engine)
    {
        var buffer = new byte[1_200];
        Demand.That(engine.TryTakeDatagram(buffer, out var length), "A farewell is said.");
        return buffer[..length];
    }
}
