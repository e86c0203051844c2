namespace Events.Rtc.OpenSsl;

/// <summary>Application data of one datagram until it is taken.</summary>
internal sealed class DtlsDataQueue
{
    /// <summary>A datagram holds one record, or a few small ones; SCTP sends again what gives way.</summary>
    private const int MaxRecords = 16;

    private readonly Queue<byte[]> _records = new();

    public void Add(ReadOnlySpan<byte> record)
    {
        if (_records.Count == MaxRecords)
        {
            _records.Dequeue();
        }

        _records.Enqueue(record.ToArray());
    }

    /// <summary>What is longer than the destination is dropped.</summary>
    public bool TryTake(Span<byte> destination, out int length)
    {
        while (_records.TryDequeue(out var record))
        {
            if (record.AsSpan().TryCopyTo(destination))
            {
                length = record.Length;
                return true;
            }
        }

        length = 0;
        return false;
    }
}
