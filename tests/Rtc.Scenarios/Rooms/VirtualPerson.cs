using Events.Rtc;
using Events.Rtc.Client;
using Events.Rtc.Client.Signalling;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sdp;
using Events.Rtc.Protocol.Wire;
using Events.Rtc.Rooms;
using Events.Tests.Rtc.Scenarios.Network;

namespace Events.Tests.Rtc.Scenarios.Rooms;

internal delegate void VirtualArrival(ClientReceiveTrack track, in RtpReader packet, MonotonicTime now);

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
    private readonly Dictionary<ClientReceiveTrack, VirtualSound> _sounds = [];
    private SubscribeOffer? _offer;
    private VirtualPeer? _publishing;
    private VirtualPeer? _watching;

    /// <param name="simulation">Its time.</param>
    /// <param name="node">Where it goes.</param>
    /// <param name="name">Its identity.</param>
    /// <param name="part">Of the seed.</param>
    /// <param name="camera">What it publishes; null: it only watches.</param>
    /// <param name="elsewhere">Watches by WHEP on this worker, which is not the room's own; null: is a client of the hub, on the room's own.</param>
    /// <param name="takesRed">It takes sound with redundancy.</param>
    public VirtualPerson(
        Simulation simulation, VirtualNode node, string name, int part, CameraPlan? camera, bool takesRed = false, MediaWorker? elsewhere = null)
    {
        _simulation = simulation;
        _node = node;
        _chance = simulation.Chance(part);
        Captured = new CaptureTimes(simulation);
        _viewing = new ClientDescription(node.Dtls.LocalFingerprint) { AudioRed = takesRed };
        Up = new Link(simulation, part + 1);
        Down = new Link(simulation, part + 2);
        var rights = new RoomRights("room", name, name, "attendee", true, true, false);
        if (elsewhere is not null)
        {
            Assert.True(node.Room.AdmitElsewhere(rights, elsewhere).IsOk);
        }

        var joined = elsewhere is null
            ? node.Room.Join(rights, ParticipantKind.Client)
            : elsewhere.GetOrAddRoom("room").Join(rights, ParticipantKind.Whep);
        Assert.True(joined.IsOk, joined.Error?.ToString());
        _participant = joined.Value;
        _participant.Room.Welcome(_participant, elsewhere is null ? this : null);
        if (camera is not null)
        {
            Publish(camera, part + 3);
        }
    }

    public Link Up { get; }

    public Link Down { get; }

    public VirtualCamera? Camera { get; private set; }

    public VirtualEncoder? Encoder { get; private set; }

    /// <summary>Takes the pictures of a publisher's <see cref="Encoder"/>.</summary>
    public VirtualDecoder? Decoder { get; set; }

    /// <summary>The pictures that it is shown, in the order of their coming.</summary>
    public IEnumerable<VirtualPicture> Pictures => _pictures.Values;

    /// <summary>The picture on an m-line of its subscriber's description: the second line of each publisher, in the order of their coming.</summary>
    public VirtualPicture PictureOf(int publisher) =>
        _pictures.Single(p => p.Key.Media.Mid == ((publisher * 2) + 1).ToString(System.Globalization.CultureInfo.InvariantCulture)).Value;

    public VirtualPicture Picture => _pictures.Values.Single();

    /// <summary>Part of what its client tells of what arrives that gets lost; 1: all.</summary>
    public double LostReports { get; set; }

    /// <summary>Packets.</summary>
    public long AudioReceived { get; private set; }

    /// <summary>When its receiver believes that sound and picture of the first publisher were captured.</summary>
    public CaptureTimes Captured { get; }

    /// <summary>Sees each packet of sound or picture when it has come.</summary>
    public VirtualArrival? Arrived { get; set; }

    /// <summary>What it hears of each publisher.</summary>
    public IReadOnlyCollection<VirtualSound> Sounds => _sounds.Values;

    public IReadOnlyList<string> Held { get; private set; } = [];

    /// <summary>What it was told of others' connections.</summary>
    public List<(double Second, string Name, bool IsLost)> Reconnections { get; } = [];

    /// <summary>Who left, as it was told.</summary>
    public List<string> Departures { get; } = [];

    /// <summary>Who speaks, as it was told: each time all of them, by their ids.</summary>
    public List<(double Second, IReadOnlyList<string> Ids)> Speakers { get; } = [];

    /// <summary>Offers that it was made.</summary>
    public int Offers { get; private set; }

    /// <summary>It cannot be told anything: that throws.</summary>
    public bool IsDeaf { get; set; }

    public string Id => _participant.Id;

    public SubscriberTransport? Transport => _participant.Subscriber;

    /// <summary>What it publishes on.</summary>
    public PublisherTransport? Publishing => _participant.Publisher;

    /// <summary>Why the node ended it, where a scenario means it to; else that fails the scenario.</summary>
    public RtcError? Ended { get; private set; }

    /// <summary>The scenario means the node to end it.</summary>
    public bool MayEnd { get; set; }

    public Bitrate Estimate => Transport!.Congestion.Estimator.Target;

    /// <summary>Its pictures, and what is reported of them, take longer to the node than its sound.</summary>
    public void TakesLongerForPictures(TimeSpan delay)
    {
        var peer = _publishing!;
        HashSet<uint> pictures = [.. peer.Peer.Senders.Where(s => s.Media.Kind == MediaKind.Video).SelectMany(s => (uint[])[s.Media.Ssrc, s.Media.RtxSsrc])];
        peer.TakesLonger = ssrc => pictures.Contains(ssrc) ? delay : TimeSpan.Zero;
    }

    /// <summary>How it wants the first publisher's picture.</summary>
    public void Prefer(VideoPreference preference)
    {
        var preferred = _participant.Prefer(_node.Room.Tracks.First(t => t.Kind == TrackKind.Video).Id, preference);
        Assert.True(preferred.IsOk, preferred.Error?.ToString());
    }

    /// <summary>Begins to watch all that is published by now. To the client of these scenarios a description is final.</summary>
    public void Watch()
    {
        if (_participant.Kind == ParticipantKind.Whep)
        {
            // A line for each track that is there.
            var lines = _participant.Room.Tracks.ToLookup(t => t.Kind);
            var plan = new ClientMediaPlan { ReceiveAudio = Math.Max(1, lines[TrackKind.Audio].Count()), ReceiveVideo = Math.Max(1, lines[TrackKind.Video].Count()) };
            Assert.True(SdpReader.TryParse(_viewing.WriteOffer(plan), out var asked, out _));
            var answered = _participant.Watch(asked);
            Assert.True(answered.IsOk, answered.Error?.ToString());
            Assert.True(_viewing.TryReadAnswer(answered.Value, out var watching, out var refusal), refusal);
            Begin(watching);
            return;
        }

        while (_offer is { } offer)
        {
            _offer = null;
            Assert.True(_viewing.TryAnswer(offer.Sdp, out var answer, out var session, out var error), error);
            Assert.True(SdpReader.TryParse(answer, out var description, out _));
            var accepted = _participant.AcceptAnswer(offer.Revision, description);
            Assert.True(accepted.IsOk, accepted.Error?.ToString());
            if (_offer is null)
            {
                Begin(session);
            }
        }
    }

    public void Leave() => _participant.Room.Leave(_participant, new RtcError("left", "It left."));

    private void Begin(ClientSession session)
    {
        _watching = new VirtualPeer(_simulation, _node, _participant.Room.Worker, session, Up, Down, _chance, _buffers) { OnMedia = Received, LostReports = LostReports };
        _watching.Start();
    }

    /// <summary>Packets to what it watches on that were no authentic ones.</summary>
    public long Refused => _watching!.Peer.Refused;

    /// <summary>Its network is back: what it watches on goes on after an ICE restart.</summary>
    public void RestartIce()
    {
        var offer = _participant.BeginToReceive().CreateOffer(_participant.Room.Worker.CreateIceCredentials());
        var description = new ClientDescription(_node.Dtls.LocalFingerprint) { AudioRed = _viewing.AudioRed };
        Assert.True(description.TryAnswer(offer.Sdp, out var text, out var session, out var error), error);
        Assert.True(SdpReader.TryParse(text, out var answer, out _));
        Assert.True(_participant.AcceptAnswer(offer.Revision, answer).IsOk);
        _watching!.RestartIce(session.Local, session.Remote);
    }

    /// <summary>Is offered its tracks again, and answers the lines as they are changed; its connection is the same.</summary>
    public void AnswerAgain(Action<MediaDescription> change)
    {
        _participant.Offer();
        var offer = _offer!;
        _offer = null;
        Assert.True(_viewing.TryAnswer(offer.Sdp, out var answer, out _, out var error), error);
        Assert.True(SdpReader.TryParse(answer, out var description, out _));
        description.Media.ForEach(change);
        var accepted = _participant.AcceptAnswer(offer.Revision, description);
        Assert.True(accepted.IsOk, accepted.Error?.ToString());
    }

    /// <summary>And so does what it publishes on.</summary>
    public void RestartPublishing()
    {
        var (ours, theirs) = (IceCredentials.Create(), _participant.Room.Worker.CreateIceCredentials());
        _participant.Publisher!.RestartIce(theirs, new(ours.Ufrag, ours.Password));
        _publishing!.RestartIce(ours, new(theirs.Ufrag, theirs.Pwd));
    }

    public void SubscribeOffer(SubscribeOffer offer)
    {
        Hear();
        Offers++;
        _offer = offer;
    }

    public void VideoHeld(IReadOnlyList<string> trackIds) => Held = trackIds;

    public void Closed(RtcError reason)
    {
        Ended = reason;
        if (reason.Code != "left" && !MayEnd)
        {
            throw new InvalidOperationException(reason.ToString());
        }
    }

    public void ParticipantJoined(ParticipantInfo participant)
    {
    }

    public void ParticipantLeft(string participantId)
    {
        Hear();
        Departures.Add(participantId);
    }

    public void ParticipantReconnecting(string participantId, bool reconnecting) =>
        Reconnections.Add((_simulation.Seconds, _node.Room.Find(participantId)!.Rights.Identity, reconnecting));

    public void TrackPublished(string participantId, TrackInfo track)
    {
    }

    public void TrackUnpublished(string participantId, string trackId)
    {
    }

    public void TrackMuted(string participantId, string trackId, bool muted, bool silenced)
    {
    }

    public void ActiveSpeakers(IReadOnlyList<SpeakerLevel> speakers) => Speakers.Add((_simulation.Seconds, [.. speakers.Select(s => s.ParticipantId)]));

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

    private void Hear()
    {
        if (IsDeaf)
        {
            throw new InvalidOperationException("This scenario breaks it.");
        }
    }

    private void Publish(CameraPlan plan, int part)
    {
        var description = new ClientDescription(_node.Dtls.LocalFingerprint) { AudioRed = plan.AudioRed };
        var media = plan.Mode is { } coded ? VirtualEncoder.PlanOf(coded) : ClientMediaPlan.Publish with { SimulcastLayers = plan.Rates.Length };
        Assert.True(SdpReader.TryParse(description.WriteOffer(media), out var offer, out _));
        var picture = new TrackDeclaration(plan.Mode is null ? "1" : "0", plan.Source, Dynacast: plan.Resumes is not null); // Coded pictures come without sound.
        var answer = _participant.Publish(offer, plan.Mode is null ? [new("0", TrackSource.Microphone), picture] : [picture]);
        Assert.True(answer.IsOk, answer.Error?.ToString());
        Assert.True(description.TryReadAnswer(answer.Value, out var session, out var error), error);
        _publishing = new VirtualPeer(_simulation, _node, _participant.Room.Worker, session, Up, Down, _chance, _buffers);
        _publishing.Start();
        if (plan.Mode is { } mode)
        {
            Encoder = new VirtualEncoder(_simulation, _publishing, mode, part);
        }
        else
        {
            Camera = new VirtualCamera(_simulation, _publishing, plan, part);
        }
    }

    private void Received(ClientReceiveTrack track, in RtpReader packet, MonotonicTime now)
    {
        Arrived?.Invoke(track, packet, now);
        if (Decoder is not null)
        {
            Decoder.Received(packet);
            return;
        }

        Captured.Received(track, packet);
        if (track.Media.Kind == MediaKind.Audio)
        {
            AudioReceived++;
            if (!_sounds.TryGetValue(track, out var sound))
            {
                _sounds[track] = sound = new VirtualSound(track.Media);
            }

            sound.Received(packet);
            return;
        }

        if (!_pictures.TryGetValue(track, out var picture))
        {
            _pictures[track] = picture = new VirtualPicture(_simulation);
        }

        picture.Received(packet, now);
    }
}
