using Events.Rtc.OpenSsl;
using Events.Rtc.Protocol.Dtls;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Srtp;
using Events.Tests.Rtc.Fuzz.Engine;

namespace Events.Tests.Rtc.Fuzz.Targets;

/// <summary>A DTLS engine on libssl, fed a sequence of datagrams before it knows anybody.</summary>
internal sealed class DtlsTarget(DtlsRole role) : IFuzzTarget
{
    private static readonly SrtpProfile[] Profiles = [SrtpProfile.AeadAes128Gcm, SrtpProfile.Aes128CmHmacSha1Tag80];

    private readonly OpenSslDtlsEngineFactory _factory = new();

    public string Name { get; } = role == DtlsRole.Server ? "dtls-server" : "dtls-client";

    public int MaxLength => 8_000;

    public long AllocationLimit => 256 * 1_024;

    public IReadOnlyList<byte[]> Words { get; } =
    [
        [0x16, 0xFE, 0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0, 12], [0x14, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1], [0x15, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 2, 0, 2, 2, 40],
        [0x17, 0xFE, 0xFD, 0, 1], [0xFE, 0xFD], [0, 14, 0, 9, 0, 6, 0, 1, 0, 8, 0, 7, 0], [0xC0, 0x2B],
    ];

    public IEnumerable<byte[]> Seeds
    {
        get
        {
            using var client = Create(DtlsRole.Client);
            using var server = Create(DtlsRole.Server);
            var heard = new List<byte[]>();
            client.Start(MonotonicTime.Zero);
            for (var moved = true; moved;)
            {
                moved = Carry(client, server, role == DtlsRole.Server ? heard : null);
                moved |= Carry(server, client, role == DtlsRole.Client ? heard : null);
            }

            client.Close(MonotonicTime.Zero);
            server.Close(MonotonicTime.Zero);
            Carry(client, server, role == DtlsRole.Server ? heard : null);
            return [Frames.Join(heard), Frames.Join(heard.Take(1)), Frames.Join(heard.Take(1).Concat(heard).Reverse())];
        }
    }

    public void Run(ReadOnlySpan<byte> input)
    {
        Span<byte> buffer = stackalloc byte[1_200];
        var now = MonotonicTime.Zero;
        using (var engine = Create(role))
        {
            engine.Start(now);
            var frames = new Frames(input);
            while (frames.TryNext(out var datagram))
            {
                now += TimeSpan.FromMilliseconds(1);
                engine.Receive(datagram, now);
                if (engine.Deadline <= now)
                {
                    engine.HandleDeadline(now);
                }

                while (engine.TryTakeDatagram(buffer, out var length))
                {
                    Demand.That(length is > 0 and <= 1_200, "A datagram fits the path.");
                }

                Demand.That(engine.State != DtlsState.Connected && engine.Keys is null, "Nobody is let in without the key of the fingerprint.");
                Demand.That(engine.State == DtlsState.Failed == engine.FailureReason is not null, "A failure has its reason.");
            }

            engine.HandleDeadline(now + TimeSpan.FromSeconds(31));
            engine.Close(now);
        }

        Demand.That(_factory.LiveSessions == 0, "No session is left behind.");
    }

    public void Dispose()
    {
        Demand.That(_factory.LiveSessions == 0, "No session is left behind.");
        _factory.Dispose();
    }

    private IDtlsEngine Create(DtlsRole side) => _factory.Create(side, _factory.LocalFingerprint, Profiles);

    internal static bool Carry(IDtlsEngine from, IDtlsEngine to, List<byte[]>? heard)
    {
        var buffer = new byte[1_200];
        var moved = false;
        while (from.TryTakeDatagram(buffer, out var length))
        {
            moved = true;
            heard?.Add(buffer[..length]);
            to.Receive(buffer.AsSpan(0, length), MonotonicTime.Zero);
        }

        return moved;
    }
}
