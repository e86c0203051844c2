using Events.Rtc.Protocol.Congestion;
using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Rooms;

/// <summary>
/// The packets of one viewer that wait for its path. They wait rewritten and not yet numbered for feedback or protected: both happen when they leave. While
/// everything fits there is no pacer, and a packet costs one comparison.
/// </summary>
internal sealed class ViewerPacing(MediaWorker worker)
{
    private const int Capacity = 256;

    /// <summary>Left free for retransmissions when pictures have filled the rest.</summary>
    private const int Reserve = 32;

    /// <summary>A path that was tight may soon be again.</summary>
    private static readonly TimeSpan KeptFor = TimeSpan.FromSeconds(10);

    private Pacer? _pacer;

    /// <summary>Empty; a path that was tight once often is again, and another pacer would be allocated each time.</summary>
    private Pacer? _rested;
    private Parked[] _parked = [];
    private int _free;
    private MonotonicTime _tightUntil;

    /// <summary>Packets that waited so far.</summary>
    public long Paced { get; private set; }

    /// <summary>Packets for which there was no room.</summary>
    public long Dropped { get; private set; }

    /// <summary>Packets may have to wait.</summary>
    public bool IsActive => _pacer is not null;

    /// <summary>Packets wait.</summary>
    public bool IsWaiting => _pacer is { Count: > 0 };

    /// <summary>Begins and ends with the need for it, and follows the estimate.</summary>
    public void Update(Bitrate target, bool isTight, MonotonicTime now)
    {
        if (isTight)
        {
            _tightUntil = now + KeptFor;
            _pacer ??= Begin();
        }
        else if (_pacer is { Count: 0 } && now >= _tightUntil)
        {
            Stop();
        }

        _pacer?.SetTarget(target);
    }

    /// <summary>Forgets what waits.</summary>
    public void Stop()
    {
        while (_pacer is not null && TryTakeAny(out var handle))
        {
            Free(handle);
        }

        _rested = _pacer ?? _rested;
        _pacer = null;
    }

    /// <summary>False: a picture has to wait for too long, and is better left out up to a keyframe.</summary>
    public bool HasRoom(MonotonicTime now) =>
        _pacer is null || (_pacer.Count < Capacity - Reserve && _pacer.HasRoom(PacketPriority.Video, now));

    /// <summary>True: the packet leaves now. False: it waits, or was dropped because nothing could be found for it to wait in.</summary>
    public bool TryPass(OutgoingStream stream, PacketPriority priority, bool isAgain, ReadOnlySpan<byte> packet, int headerLength, MonotonicTime now)
    {
        if (_pacer is null || _pacer.TryPass(priority, packet.Length, now))
        {
            return true;
        }

        if (_free < 0 || !worker.Buffers.TryRent(out var buffer))
        {
            Dropped++;
            worker.Counters.PacerDropped++;
            return false;
        }

        var handle = _free;
        if (!_pacer.TryEnqueue(priority, handle, packet.Length, now))
        {
            worker.Buffers.Return(buffer);
            Dropped++;
            worker.Counters.PacerDropped++;
            return false;
        }

        _free = _parked[handle].Next;
        packet.CopyTo(buffer);
        _parked[handle] = new() { Stream = stream, Buffer = buffer, Length = packet.Length, HeaderLength = headerLength, IsAgain = isAgain };
        Paced++;
        worker.Counters.PacketsPaced++;
        return false;
    }

    /// <summary>Padding of a probe does not wait, but what waits is paid for it.</summary>
    public void Account(int bytes, MonotonicTime now) => _pacer?.TryPass(PacketPriority.Audio, bytes, now);

    /// <summary>Sends what may leave by now.</summary>
    public void SendDue(MonotonicTime now)
    {
        while (_pacer is not null && _pacer.TryDequeue(now, out var due))
        {
            ref var parked = ref _parked[due.Handle];
            parked.Stream!.Leave(parked.Buffer.AsSpan(0, parked.Length), parked.HeaderLength, parked.IsAgain);
            Free(due.Handle);
        }
    }

    /// <summary>Drops the pictures of one stream that wait: another layer of it is shown, or none.</summary>
    public void Discard(OutgoingStream stream, MonotonicTime now)
    {
        if (_pacer is null)
        {
            return;
        }

        Span<int> kept = stackalloc int[Capacity];
        foreach (var priority in (ReadOnlySpan<PacketPriority>)[PacketPriority.Retransmission, PacketPriority.Video])
        {
            var count = 0;
            while (_pacer.TryDiscard(priority, out var packet))
            {
                if (_parked[packet.Handle].Stream == stream)
                {
                    Free(packet.Handle);
                }
                else
                {
                    kept[count++] = packet.Handle;
                }
            }

            foreach (var handle in kept[..count])
            {
                if (!_pacer.TryEnqueue(priority, handle, _parked[handle].Length, now))
                {
                    Free(handle);
                }
            }
        }
    }

    private Pacer Begin()
    {
        if (_rested is { } rested)
        {
            return rested; // All that it could park in is free.
        }

        _parked = new Parked[Capacity];
        for (var i = 0; i < Capacity; i++)
        {
            _parked[i].Next = i + 1 < Capacity ? i + 1 : -1;
        }

        _free = 0;
        return new Pacer(Capacity);
    }

    private bool TryTakeAny(out int handle)
    {
        for (var priority = PacketPriority.Audio; priority <= PacketPriority.Padding; priority++)
        {
            if (_pacer!.TryDiscard(priority, out var packet))
            {
                handle = packet.Handle;
                return true;
            }
        }

        handle = -1;
        return false;
    }

    private void Free(int handle)
    {
        worker.Buffers.Return(_parked[handle].Buffer!);
        _parked[handle] = new() { Next = _free };
        _free = handle;
    }

    private struct Parked
    {
        public OutgoingStream? Stream;
        public byte[]? Buffer;
        public int Length;
        public int HeaderLength;
        public int Next;
        public bool IsAgain;
    }
}
