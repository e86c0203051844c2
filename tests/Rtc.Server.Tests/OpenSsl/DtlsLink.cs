using System.Diagnostics;
using Events.Rtc.OpenSsl;
using Events.Rtc.Protocol.Dtls;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Srtp;

namespace Events.Tests.Rtc.Server.Tests.OpenSsl;

/// <summary>A client and a server engine over a wire in memory that loses, repeats and reorders from a seed.</summary>
internal sealed class DtlsLink : IDisposable
{
    private const int Mtu = 1_200;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(25);

    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly Random _random;
    private readonly double _loss;
    private readonly List<(IDtlsEngine To, byte[] Datagram)> _wire = [];

    public DtlsLink(
        OpenSslDtlsEngineFactory clientFactory,
        OpenSslDtlsEngineFactory serverFactory,
        SrtpProfile[] clientProfiles,
        SrtpProfile[] serverProfiles,
        int seed = 0,
        double loss = 0,
        Fingerprint? expectedOfServer = null,
        Fingerprint? expectedOfClient = null)
    {
        _random = new(seed);
        _loss = loss;
        Client = clientFactory.Create(DtlsRole.Client, expectedOfServer ?? serverFactory.LocalFingerprint, clientProfiles);
        Server = serverFactory.Create(DtlsRole.Server, expectedOfClient ?? clientFactory.LocalFingerprint, serverProfiles);
    }

    public IDtlsEngine Client { get; }

    public IDtlsEngine Server { get; }

    public int LargestDatagram { get; private set; }

    public int Datagrams { get; private set; }

    public MonotonicTime Now => new(_clock.Elapsed.Ticks * 100);

    /// <summary>Runs the handshake until both have left it; false when they have not in time.</summary>
    public bool Run()
    {
        Client.Start(Now);
        return RunUntil(() => Client.State != DtlsState.Handshaking && Server.State != DtlsState.Handshaking);
    }

    public bool RunUntil(Func<bool> done)
    {
        while (!done())
        {
            if (_clock.Elapsed > Patience)
            {
                return false;
            }

            Exchange();
            if (done())
            {
                break;
            }

            // Nothing is on the wire: the next thing to happen is an engine's own deadline.
            var next = MonotonicTime.Min(Client.Deadline, Server.Deadline);
            if (next.IsNever)
            {
                return done();
            }

            SpinWait.SpinUntil(() => Now >= next, Patience);
            foreach (var engine in new[] { Client, Server })
            {
                if (engine.Deadline <= Now)
                {
                    engine.HandleDeadline(Now);
                }
            }
        }

        Exchange();
        return true;
    }

    public void Dispose()
    {
        Client.Dispose();
        Server.Dispose();
    }

    private void Exchange()
    {
        Collect();
        while (_wire.Count > 0)
        {
            // Mostly in order, sometimes one of the next three overtakes.
            var at = _loss > 0 ? _random.Next(Math.Min(3, _wire.Count)) : 0;
            var (to, datagram) = _wire[at];
            _wire.RemoveAt(at);
            to.Receive(datagram, Now);
            Collect();
        }
    }

    private void Collect()
    {
        Take(Client, Server);
        Take(Server, Client);
    }

    private void Take(IDtlsEngine from, IDtlsEngine to)
    {
        Span<byte> buffer = stackalloc byte[2 * Mtu];
        while (from.TryTakeDatagram(buffer, out var length))
        {
            Datagrams++;
            LargestDatagram = Math.Max(LargestDatagram, length);
            for (var copies = _random.NextDouble() < _loss / 2 ? 2 : 1; copies > 0; copies--)
            {
                if (_random.NextDouble() >= _loss)
                {
                    _wire.Add((to, buffer[..length].ToArray()));
                }
            }
        }
    }
}
