using Events.Rtc;
using Events.Rtc.Client;
using Events.Rtc.Client.Signalling;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sdp;
using Events.Rtc.Protocol.Wire;
using Events.Rtc.Rooms;
using Events.Tests.Rtc.Scenarios.Network;

namespace Events.Tests.Rtc.Scenarios.Rooms;

/// <summary>One who joins the room as a browser does by the hub: publishes on one peer connection, watches on another, both behind one line.</summary>
internal sealed class VirtualPerson : IParticipantEvents
{
    private readonly Simulation _simulation;
    private readonly VirtualNode _node;
    private readonly ClientDescription _viewing;
    private readonly Random _chance;
    private readonly Stack<byte[]> _buffers = new();
    private readonly Participant _participant;
    private readonly Dictionary<ClientReceiveTrack, VirtualPicture> _pictures = [];
    private SubscribeOffer? _offer;

    public VirtualPerson(Simulation simulation, VirtualNode node, string name, int part, CameraPlan? camera)
    {
        _simulation = simulation;
        _node = node;
        _chance = simulation.Chance(part);
        _viewing = new ClientDescription(node.Dtls.LocalFingerprint);
        Up = new Link(simulation, part + 1);
        Down = new Link(simulation, part + 2);
        var joined = node.Room.Join(new RoomRights("room", name, name, "attendee", true, true, false), ParticipantKind.Client, this);
        Assert.True(joined.IsOk, joined.Error?.ToString());
        _participant = joined.Value;
        if (camera is not null)
        {
            Camera = Publish(camera, part + 3);
        }
    }

    public Link Up { get; }

    public Link Down { get; }

    public VirtualCamera? Camera { get; }

    /// <summary>The pictures that it is shown, in the order of their coming.</summary>
    public IEnumerable<VirtualPicture> Pictures => _pictures.Values;

    /// <summary>The picture on an m-line of its subscriber's description: the second line of each publisher, in the order of their coming.</summary>
    public VirtualPicture PictureOf(int publisher) =>
        _pictures.Single(p => p.Key.Media.Mid == ((publisher * 2) + 1).ToString(System.Globalization.CultureInfo.InvariantCulture)).Value;

    public VirtualPicture Picture => _pictures.Values.Single();

    /// <summary>Part of what its client tells of what arrives that gets lost; 1: all.</summary>
    public double LostReports { get; set; }

    public long AudioReceived { get; private set; }

    public IReadOnlyList<string> Held { get; private set; } = [];

    public SubscriberTransport? Transport => _participant.Subscriber;

    public Bitrate Estimate => Transport!.Congestion.Estimator.Target;

    /// <summary>Begins to watch all that is published by now. To the client of these scenarios a description is final.</summary>
    public void Watch()
    {
        while (_offer is { } offer)
        {
            _offer = null;
            Assert.True(_viewing.TryAnswer(offer.Sdp, out var answer, out var session, out var error), error);
            Assert.True(SdpReader.TryParse(answer, out var description, out _));
            var accepted = _participant.AcceptAnswer(offer.Revision, description);
            Assert.True(accepted.IsOk, accepted.Error?.ToString());
            if (_offer is null)
            {
                var peer = new VirtualPeer(_simulation, _node, session, Up, Down, _chance, _buffers) { OnMedia = Received, LostReports = LostReports };
                peer.Start();
            }
        }
    }

    public void SubscribeOffer(SubscribeOffer offer) => _offer = offer;

    public void VideoHeld(IReadOnlyList<string> trackIds) => Held = trackIds;

    public void Closed(RtcError reason) => throw new InvalidOperationException(reason.ToString());

    public void ParticipantJoined(ParticipantInfo participant)
    {
    }

    public void ParticipantLeft(string participantId)
    {
    }

    public void TrackPublished(string participantId, TrackInfo track)
    {
    }

    public void TrackUnpublished(string participantId, string trackId)
    {
    }

    public void TrackMuted(string participantId, string trackId, bool muted, bool silenced)
    {
    }

    public void ActiveSpeakers(IReadOnlyList<SpeakerLevel> speakers)
    {
    }

    public void PublishLayers(string trackId, string mid, IReadOnlyList<EncodingDemand> encodings) =>
        _simulation.After(Down.Delay, () => Camera!.SetActive([.. encodings.Select(e => e.Active)]));

    public void RightsChanged(string participantId, RightsInfo rights)
    {
    }

    public void HandRaised(string participantId, long? hand)
    {
    }

    public void StageInvited(string? participantId)
    {
    }

    public void InvitationAnswered(string participantId, bool accepted)
    {
    }

    public void UnmuteAsked(string trackId)
    {
    }

    public void RoomLocked(bool locked)
    {
    }

    private VirtualCamera Publish(CameraPlan plan, int part)
    {
        var description = new ClientDescription(_node.Dtls.LocalFingerprint);
        var media = ClientMediaPlan.Publish with { SimulcastLayers = plan.Rates.Length };
        Assert.True(SdpReader.TryParse(description.WriteOffer(media), out var offer, out _));
        var answer = _participant.Publish(offer, [new("0", TrackSource.Microphone), new("1", plan.Source, Dynacast: plan.Resumes is not null)]);
        Assert.True(answer.IsOk, answer.Error?.ToString());
        Assert.True(description.TryReadAnswer(answer.Value, out var session, out var error), error);
        var peer = new VirtualPeer(_simulation, _node, session, Up, Down, _chance, _buffers);
        peer.Start();
        return new VirtualCamera(_simulation, peer, plan, part);
    }

    private void Received(ClientReceiveTrack track, in RtpReader packet, MonotonicTime now)
    {
        if (track.Media.Kind == MediaKind.Audio)
        {
            AudioReceived++;
            return;
        }

        if (!_pictures.TryGetValue(track, out var picture))
        {
            _pictures[track] = picture = new VirtualPicture(_simulation);
        }

        picture.Received(packet, now);
    }
}
