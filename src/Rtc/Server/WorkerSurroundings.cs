using System.Diagnostics;
using System.Security.Cryptography;
using Events.Rtc.OpenSsl;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Srtp;

namespace Events.Rtc;

/// <summary>Takes a datagram that a worker sends. The bytes are valid during the call.</summary>
internal delegate void DatagramSink(in TransportAddress to, ReadOnlySpan<byte> datagram);

/// <summary>
/// What a worker takes from outside beside datagrams and commands: time, chance, ciphers, and where datagrams go. A scenario scripts them, so that the real
/// rooms run in virtual time and twice the same.
/// </summary>
internal sealed record WorkerSurroundings
{
    /// <summary>The machine's.</summary>
    public static WorkerSurroundings Real { get; } = new();

    /// <summary>Of all processes of the machine, as <see cref="Stopwatch"/> counts on Linux (CLOCK_MONOTONIC): the relay tells its times by it.</summary>
    public Func<MonotonicTime> Now { get; init; } = () => new((long)(Stopwatch.GetTimestamp() * (1e9 / Stopwatch.Frequency)));

    /// <summary>Of SSRCs and first sequence numbers; secrets come from elsewhere.</summary>
    public Func<Random> Random { get; init; } = () => new Random(RandomNumberGenerator.GetInt32(int.MaxValue));

    public ISrtpCipherFactory Ciphers { get; init; } = SrtpCiphers.Default;

    /// <summary>Null: the worker's socket.</summary>
    public DatagramSink? Sink { get; init; }
}
