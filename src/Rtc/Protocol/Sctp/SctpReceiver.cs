using System.Runtime.InteropServices;

namespace Events.Rtc.Protocol.Sctp;

/// <summary>
/// The receiving half of an association: which TSNs have come, and the messages that they make (RFC 9260 §6.2, §6.5, §6.9). What a hostile
/// sender can make it hold is bounded in bytes and in chunks.
/// </summary>
internal sealed class SctpReceiver(uint initialTsn, int maxMessageBytes, Action<ushort, uint, ReadOnlyMemory<byte>> deliver)
{
    /// <summary>Streams that the other side may send on; two are in use at a time.</summary>
    public const int MaxStreams = 64;

    /// <summary>Bytes that we say we take (a_rwnd); four of our largest messages.</summary>
    public const int WindowBytes = 128 * 1024;

    /// <summary>TSNs past the last one in order. 256 chunks fill the window with packets of half the MTU.</summary>
    private const int WindowChunks = 256;

    /// <summary>More than a sender that keeps to the rules can make us hold: the window, and one message below it.</summary>
    private const int MaxHeldBytes = 2 * WindowBytes;

    private const int MaxHeldChunks = 4 * WindowChunks;

    /// <summary>Of one message: the longest has fifteen of a usual path's size, and thirty of the shortest path's (576 bytes).</summary>
    private const int MaxFragments = 64;

    /// <summary>As many duplicates are told as are worth a word; gaps as fit beside data (RFC 9260 §3.3.4).</summary>
    public const int MaxDuplicates = 8;

    public const int MaxGaps = 64;

    private readonly Dictionary<uint, Fragment> _fragments = [];

    /// <summary>By stream: whole messages that wait for one before them.</summary>
    private readonly Dictionary<ushort, Message>?[] _waiting = new Dictionary<ushort, Message>?[MaxStreams];
    private readonly ushort[] _expected = new ushort[MaxStreams];
    private readonly List<uint> _duplicates = new(MaxDuplicates);
    private uint _highest = initialTsn - 1;
    private int _heldBytes;
    private int _waitingCount;

    /// <summary>The last TSN before the first gap.</summary>
    public uint Cumulative { get; private set; } = initialTsn - 1;

    public uint Window => (uint)Math.Max(0, WindowBytes - _heldBytes);

    public ReadOnlySpan<uint> Duplicates => CollectionsMarshal.AsSpan(_duplicates);

    public void ForgetDuplicates() => _duplicates.Clear();

    /// <summary>Takes a DATA chunk. False when the other side breaks the protocol: the association cannot go on.</summary>
    public bool TryAccept(uint tsn, in DataHeader header, ReadOnlySpan<byte> payload)
    {
        var distance = (int)(tsn - Cumulative);
        if (distance <= 0 || _fragments.ContainsKey(tsn))
        {
            if (_duplicates.Count < MaxDuplicates)
            {
                _duplicates.Add(tsn);
            }

            return true;
        }

        if (distance > WindowChunks || (distance > 1 && _heldBytes + payload.Length > WindowBytes))
        {
            return true; // Not taken, not acknowledged: it comes again (RFC 9260 §6.2).
        }

        if (payload.IsEmpty || _heldBytes + payload.Length > MaxHeldBytes || _fragments.Count + _waitingCount >= MaxHeldChunks)
        {
            return false;
        }

        // Acknowledged though dropped: the stream was never opened to the sender (§6.5).
        _fragments[tsn] = header.Stream < MaxStreams ? new(header, payload.ToArray()) : new(header, null);
        _heldBytes += header.Stream < MaxStreams ? payload.Length : 0;
        if ((int)(tsn - _highest) > 0)
        {
            _highest = tsn;
        }

        Advance();
        return header.Stream >= MaxStreams || TryAssemble(tsn);
    }

    /// <summary>The sender has given up everything to this TSN (RFC 3758 §3.6). Streams: the last sequence number given up of each ordered one.</summary>
    public void Skip(uint tsn, ReadOnlySpan<(ushort Stream, ushort Sequence)> streams)
    {
        if ((int)(tsn - Cumulative) <= 0)
        {
            return;
        }

        foreach (var (key, fragment) in _fragments)
        {
            // Of an ordered message only its stream's number says that it is given up: the TSNs around it may be another's.
            if ((int)(key - tsn) <= 0 && (fragment.Payload is null || fragment.Header.IsUnordered || IsGivenUp(fragment.Header, streams)))
            {
                _heldBytes -= fragment.Payload?.Length ?? 0;
                _fragments.Remove(key);
            }
        }

        Cumulative = tsn;
        if ((int)(tsn - _highest) > 0)
        {
            _highest = tsn;
        }

        Advance();
        foreach (var (stream, sequence) in streams)
        {
            if (stream < MaxStreams && (short)(sequence - _expected[stream]) >= 0)
            {
                PassOver(stream, sequence);
            }
        }
    }

    /// <summary>The stream's numbers begin anew (RFC 6525 §5.2.2).</summary>
    public void Reset(ushort stream)
    {
        if (stream >= MaxStreams)
        {
            return;
        }

        _expected[stream] = 0;
        if (_waiting[stream] is { Count: > 0 } waiting)
        {
            _heldBytes -= waiting.Values.Sum(message => message.Bytes.Length);
            _waitingCount -= waiting.Count;
            waiting.Clear();
        }
    }

    /// <summary>Ranges of TSNs that have come past the cumulative one, as distances from it; returns how many.</summary>
    public int WriteGaps(Span<(ushort Start, ushort End)> gaps)
    {
        var count = 0;
        var last = (int)(_highest - Cumulative);
        for (var distance = 2; distance <= last && count < gaps.Length; distance++)
        {
            if (!_fragments.ContainsKey(Cumulative + (uint)distance))
            {
                continue;
            }

            var start = distance;
            while (distance < last && _fragments.ContainsKey(Cumulative + (uint)distance + 1))
            {
                distance++;
            }

            gaps[count++] = ((ushort)start, (ushort)distance);
        }

        return count;
    }

    private static bool IsGivenUp(in DataHeader header, ReadOnlySpan<(ushort Stream, ushort Sequence)> streams)
    {
        foreach (var (stream, sequence) in streams)
        {
            if (stream == header.Stream && (short)(header.Sequence - sequence) <= 0)
            {
                return true;
            }
        }

        return false;
    }

    private void Advance()
    {
        while (_fragments.TryGetValue(Cumulative + 1, out var next))
        {
            Cumulative++;
            if (next.Payload is null)
            {
                _fragments.Remove(Cumulative); // Delivered already, out of order.
            }
        }
    }

    private bool TryAssemble(uint tsn)
    {
        var (first, last) = (tsn, tsn);
        var bytes = _fragments[tsn].Payload!.Length;
        var header = _fragments[tsn].Header;
        while (!_fragments[first].Header.IsFirst)
        {
            if (!Continues(first - 1, header, ref bytes) || _fragments[first - 1].Header.IsLast)
            {
                return bytes <= maxMessageBytes;
            }

            if (last - --first >= MaxFragments)
            {
                return false;
            }
        }

        while (!_fragments[last].Header.IsLast)
        {
            if (!Continues(last + 1, header, ref bytes) || _fragments[last + 1].Header.IsFirst)
            {
                return bytes <= maxMessageBytes;
            }

            if (++last - first >= MaxFragments)
            {
                return false;
            }
        }

        if (bytes > maxMessageBytes)
        {
            return false;
        }

        var whole = new byte[bytes];
        var length = 0;
        for (var at = first; at != last + 1; at++)
        {
            var fragment = _fragments[at];
            fragment.Payload!.CopyTo(whole, length);
            length += fragment.Payload.Length;
            if ((int)(at - Cumulative) <= 0)
            {
                _fragments.Remove(at);
            }
            else
            {
                _fragments[at] = fragment with { Payload = null };
            }
        }

        Complete(header, new(header.PayloadProtocol, whole));
        return true;
    }

    private bool Continues(uint tsn, in DataHeader header, ref int bytes)
    {
        if (!_fragments.TryGetValue(tsn, out var fragment)
            || fragment.Payload is null
            || fragment.Header.Stream != header.Stream
            || fragment.Header.IsUnordered != header.IsUnordered
            || fragment.Header.Sequence != header.Sequence)
        {
            return false;
        }

        bytes += fragment.Payload.Length;
        return bytes <= maxMessageBytes;
    }

    private void Complete(in DataHeader header, Message message)
    {
        if (!header.IsUnordered && header.Sequence != _expected[header.Stream])
        {
            // One that was passed over already, or twice the same number: nobody waits for it.
            var waiting = _waiting[header.Stream] ??= [];
            if ((short)(header.Sequence - _expected[header.Stream]) < 0 || !waiting.TryAdd(header.Sequence, message))
            {
                _heldBytes -= message.Bytes.Length;
            }
            else
            {
                _waitingCount++;
            }

            return;
        }

        Deliver(header.Stream, message);
        if (!header.IsUnordered)
        {
            _expected[header.Stream]++;
            DeliverWaiting(header.Stream);
        }
    }

    /// <summary>Delivers what is whole up to the number, in order, and goes on after it.</summary>
    private void PassOver(ushort stream, ushort sequence)
    {
        var before = _expected[stream];
        _expected[stream] = (ushort)(sequence + 1);
        if (_waiting[stream] is not { Count: > 0 } waiting)
        {
            return;
        }

        // From where the stream stood: what waits is ahead of that, so there is one order among them.
        var passed = waiting.Keys.Where(k => (ushort)(k - before) <= (ushort)(sequence - before)).ToList();
        passed.Sort((a, b) => (ushort)(a - before) - (ushort)(b - before));
        foreach (var number in passed)
        {
            Deliver(stream, number);
        }

        DeliverWaiting(stream);
    }

    private void DeliverWaiting(ushort stream)
    {
        while (_waiting[stream] is { } waiting && waiting.ContainsKey(_expected[stream]))
        {
            Deliver(stream, _expected[stream]++);
        }
    }

    private void Deliver(ushort stream, ushort waited)
    {
        _waiting[stream]!.Remove(waited, out var message);
        _waitingCount--;
        Deliver(stream, message);
    }

    private void Deliver(ushort stream, in Message message)
    {
        _heldBytes -= message.Bytes.Length;
        deliver(stream, message.PayloadProtocol, message.Bytes);
    }

    /// <param name="Payload">Null once its message was delivered; the TSN is still to be told of.</param>
    private readonly record struct Fragment(DataHeader Header, byte[]? Payload);

    private readonly record struct Message(uint PayloadProtocol, byte[] Bytes);
}

/// <summary>The fields of a DATA chunk after its TSN (RFC 9260 §3.3.1).</summary>
internal readonly record struct DataHeader(byte Flags, ushort Stream, ushort Sequence, uint PayloadProtocol)
{
    public const byte Last = 1;
    public const byte First = 2;
    public const byte Unordered = 4;

    public bool IsLast => (Flags & Last) != 0;

    public bool IsFirst => (Flags & First) != 0;

    public bool IsUnordered => (Flags & Unordered) != 0;
}
