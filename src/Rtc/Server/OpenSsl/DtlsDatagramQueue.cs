using System.Buffers.Binary;

namespace Events.Rtc.OpenSsl;

/// <summary>
/// Cuts the byte stream of a memory BIO back into datagrams: a record never spans two, and the records of a flight
/// share one as far as the MTU allows (RFC 6347 §4.1.1).
/// </summary>
internal sealed class DtlsDatagramQueue
{
    /// <summary>What WebRTC stacks assume to pass every path: 1,280 of IPv6 less 40 IP, 8 UDP and 32 for a relay's encapsulation.</summary>
    public const int Mtu = 1_200;

    // type (1), version (2), epoch (2), sequence (6), length (2): RFC 6347 §4.1.
    private const int RecordHeaderLength = 13;

    // A flight is at most a certificate chain of a few kilobytes; twice a generous one.
    private const int MaxDatagrams = 32;

    private readonly Queue<byte[]> _datagrams = new();

    /// <summary>Adds whole records; the oldest datagrams give way when nobody takes them.</summary>
    public void Add(ReadOnlySpan<byte> records)
    {
        var start = 0;
        var end = 0;
        while (end < records.Length)
        {
            var rest = records[end..];
            var record = rest.Length < RecordHeaderLength
                ? rest.Length
                : Math.Min(rest.Length, RecordHeaderLength + BinaryPrimitives.ReadUInt16BigEndian(rest[(RecordHeaderLength - 2)..]));
            if (end > start && end - start + record > Mtu)
            {
                Enqueue(records[start..end]);
                start = end;
            }

            end += record;
        }

        if (end > start)
        {
            Enqueue(records[start..end]);
        }
    }

    /// <exception cref="ArgumentException">The destination is shorter than the datagram; <see cref="Mtu"/> bytes always do.</exception>
    public bool TryTake(Span<byte> destination, out int length)
    {
        length = 0;
        if (!_datagrams.TryPeek(out var datagram))
        {
            return false;
        }

        if (datagram.Length > destination.Length)
        {
            throw new ArgumentException("The destination is shorter than a DTLS datagram.", nameof(destination));
        }

        _datagrams.Dequeue();
        datagram.CopyTo(destination);
        length = datagram.Length;
        return true;
    }

    private void Enqueue(ReadOnlySpan<byte> datagram)
    {
        if (_datagrams.Count == MaxDatagrams)
        {
            _datagrams.Dequeue();
        }

        _datagrams.Enqueue(datagram.ToArray());
    }
}
