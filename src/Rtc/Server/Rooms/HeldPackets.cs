using Events.Rtc.Protocol.Codecs;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Streams;
using Events.Rtc.Protocol.Wire;

namespace Events.Rtc.Rooms;

/// <summary>
/// The packets of a frame that wait, in their encoding's cache, for their last one: forwarded together they leave as one segmented send per
/// subscriber, and each subscriber's state is fetched once for all of them. Or sound that waits for a frame, behind whose last packet it costs no
/// send of its own.
/// </summary>
internal struct HeldPackets
{
    /// <summary>A keyframe of 5 Mbit/s has more; the rest follows as the next group.</summary>
    private const int Capacity = 32;

    private Held[]? _packets;
    private long _group;

    public int Count { get; private set; }

    /// <summary>When they go out, complete or not; <see cref="MonotonicTime.Never"/> when none waits.</summary>
    public MonotonicTime Deadline { get; private set; } = MonotonicTime.Never;

    public HeldPackets()
    {
    }

    public readonly bool IsFull => Count == Capacity;

    /// <summary>Notes a packet that the cache holds.</summary>
    public void Add(in RtpReader packet, in VideoPacket video, MonotonicTime deadline)
    {
        _packets ??= new Held[Capacity];
        if (Count == 0)
        {
            Deadline = deadline;
            _group++;
        }

        _packets[Count++] = new Held
        {
            Timestamp = packet.Timestamp.Value,
            Sequence = packet.SequenceNumber.Value,
            HeaderLength = (ushort)packet.HeaderLength,
            PaddingLength = (byte)packet.PaddingLength,
            Video = video,
        };
    }

    /// <summary>Tells the encoding what it is about to forward.</summary>
    public readonly void Note(PublishedEncoding encoding, MonotonicTime now)
    {
        for (var i = 0; i < Count; i++)
        {
            ref readonly var held = ref _packets![i];
            encoding.Forwarding(held.Sequence, held.Timestamp, held.Video.IsKeyframe, now);
        }
    }

    /// <summary>Forwards all of them to one subscriber.</summary>
    /// <param name="subscription">Its.</param>
    /// <param name="encoding">Whose packets they are.</param>
    /// <param name="cache">Where they lie.</param>
    /// <param name="now">The present.</param>
    public readonly void ForwardTo(Subscription subscription, PublishedEncoding encoding, RetransmitCache cache, MonotonicTime now)
    {
        for (var i = 0; i < Count; i++)
        {
            ref readonly var held = ref _packets![i];
            if (cache.TryGet(held.Sequence, out var packet))
            {
                subscription.Forward(RtpReader.OfCopy(packet, held.HeaderLength, held.PaddingLength), encoding, held.Video, now);
            }
        }
    }

    /// <summary>Some subscribers were given them before the others.</summary>
    public bool IsGivenAhead { get; private set; }

    /// <summary>Notes that a subscriber is given them before the others: something else leaves for it now. False: it was.</summary>
    public bool TryGiveAhead(Subscription subscription)
    {
        if (subscription.GivenGroup == _group)
        {
            return false;
        }

        subscription.GivenGroup = _group;
        IsGivenAhead = true;
        return true;
    }

    /// <summary>The subscriber was given them before the others.</summary>
    public readonly bool WasGiven(Subscription subscription) => IsGivenAhead && subscription.GivenGroup == _group;

    public void Clear()
    {
        Count = 0;
        IsGivenAhead = false;
        Deadline = MonotonicTime.Never;
    }

    private struct Held
    {
        public uint Timestamp;
        public ushort Sequence;
        public ushort HeaderLength;
        public byte PaddingLength;
        public VideoPacket Video;
    }
}
