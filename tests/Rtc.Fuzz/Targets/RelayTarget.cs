using System.Text;
using Events.Rtc.Relay;
using Events.Rtc.Rooms;
using Events.Tests.Rtc.Fuzz.Engine;

namespace Events.Tests.Rtc.Fuzz.Targets;

/// <summary>Relay messages in both directions.</summary>
internal sealed class RelayTarget : IFuzzTarget
{
    public string Name => "relay";

    public int MaxLength => RelayCodec.MaxMessageLength;

    public long AllocationLimit => 1_024 * 1_024;

    public IReadOnlyList<byte[]> Words { get; } =
        [.. new[] { "null", "\"participantId\":null", "\\ud800", "-1", "4294967296", "1e99", "{}", "[]", "\"kind\":99", "\"clockRate\":0" }.Select(Encoding.UTF8.GetBytes)];

    public IEnumerable<byte[]> Seeds
    {
        get
        {
            var rtp = new byte[40];
            RelayCodec.WriteRtpHeader(rtp, 1, 1_000);
            var report = new byte[RelayCodec.SenderReportLength];
            RelayCodec.WriteSenderReport(report, 1, 1_000, 0xE000_0000_0000_0000, 90_000);
            return
            [
                RelayCodec.Encode(RelayMessageType.Subscribe, new RelaySubscribe("room", "key")),
                RelayCodec.Encode(RelayMessageType.Error, new RelayError("relay_refused", "No.")),
                RelayCodec.Encode(RelayMessageType.ParticipantJoined, new RelayParticipant(1, "p1", "ada", "Ada", "speaker")),
                RelayCodec.Encode(RelayMessageType.ParticipantLeft, new RelayParticipantLeft(2, "p1")),
                RelayCodec.Encode(RelayMessageType.TrackPublished, new RelayTrack(3, 1, "t1", "p1", TrackKind.Video, TrackSource.Camera, "vp8", 90_000, 0, "", false)),
                RelayCodec.Encode(RelayMessageType.TrackUnpublished, new RelayTrackUnpublished(4, 1)),
                RelayCodec.Encode(RelayMessageType.TrackMuted, new RelayTrackMuted(5, 1, true)),
                rtp, report, RelayCodec.EncodeDropped(7), RelayCodec.EncodeKeyframeRequest(1),
            ];
        }
    }

    public void Run(ReadOnlySpan<byte> input)
    {
        if (RelayReceiver.TryReadRtp(input, out _, out _, out var packet))
        {
            Demand.That(!packet.IsEmpty, "A packet has bytes.");
        }

        _ = RelayReceiver.TryReadSenderReport(input, out _, out _, out _, out _);
        Whole(RelayCodec.Decode<RelaySubscribe>(input) is { } s ? [s.Room, s.NodeKey] : []);
        Whole(RelayCodec.Decode<RelayError>(input) is { } e ? [e.Code, e.Message] : []);
        Whole(RelayCodec.Decode<RelayParticipant>(input) is { } p ? [p.ParticipantId, p.Identity, p.Name, p.Role] : []);
        Whole(RelayCodec.Decode<RelayParticipantLeft>(input) is { } l ? [l.ParticipantId] : []);
        Whole(RelayCodec.Decode<RelayTrack>(input) is { } t ? [t.TrackId, t.ParticipantId, t.Codec, t.Fmtp] : []);
        _ = RelayCodec.Decode<RelayTrackUnpublished>(input);
        _ = RelayCodec.Decode<RelayTrackMuted>(input);
    }

    private static void Whole(string?[] members) => Demand.That(members.All(m => m is not null), "What is decoded has all its members.");
}
