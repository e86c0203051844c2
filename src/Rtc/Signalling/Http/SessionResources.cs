using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Events.Rtc.Rooms;
using Microsoft.Extensions.Logging;

namespace Events.Rtc.Signalling.Http;

/// <summary>A WHIP or WHEP session under its address.</summary>
/// <param name="Id">128 random bits: who knows the address may end the session.</param>
/// <param name="Protocol">"whip" or "whep"; the address of one is none of the other.</param>
/// <param name="Participant">Whom it carries.</param>
/// <param name="TokenHash">SHA-256 of the grant it began with; null in open mode.</param>
internal sealed record SessionResource(string Id, string Protocol, IParticipant Participant, byte[]? TokenHash)
{
    /// <summary>The client's ICE credentials as last told; tells a restart from trickling.</summary>
    public IceCredentials? Remote { get; set; }

    /// <summary>The grant that began the session works on it for as long as it lives, even after its end.</summary>
    public bool IsHeldBy(string? token) =>
        TokenHash is null || (token is not null && CryptographicOperations.FixedTimeEquals(TokenHash, HashOf(token)));

    public static byte[] HashOf(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}

/// <summary>The sessions of this node by address. One dies with its participant.</summary>
internal sealed class SessionResources(TimeProvider clock, SignallingMetrics metrics, ILogger<SessionResources> logger)
{
    /// <summary>
    /// How often those are looked for that went without a word: a participant that ends while its session is being
    /// attached has nobody to tell.
    /// </summary>
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(10);

    private long _sweptAt = clock.GetTimestamp();
    private readonly ConcurrentDictionary<string, SessionResource> _byId = new();

    public int Count => _byId.Count;

    public SessionResource Add(string protocol, IParticipant participant, string? token, IceCredentials? remote)
    {
        SessionResource resource = new(
            Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16)), protocol, participant, token is null ? null : SessionResource.HashOf(token))
        { Remote = remote };
        _byId[resource.Id] = resource;
        metrics.SessionBegan(protocol);
        RtcSignallingLog.SessionBegan(logger, protocol, participant.ParticipantId, participant.Rights.Room);
        participant.Attach(new EndOfSession(this, resource));
        Sweep();
        return resource;
    }

    /// <summary>The session, or null when there is none or its participant is gone.</summary>
    public SessionResource? Find(string protocol, string id)
    {
        if (!_byId.TryGetValue(id, out SessionResource? resource) || resource.Protocol != protocol)
            return null;
        if (!resource.Participant.IsGone)
            return resource;
        Remove(resource);
        return null;
    }

    public void Remove(SessionResource resource)
    {
        if (!_byId.TryRemove(resource.Id, out _))
            return;
        metrics.SessionEnded(resource.Protocol);
        RtcSignallingLog.SessionEnded(logger, resource.Protocol, resource.Participant.ParticipantId, resource.Participant.Rights.Room);
    }

    private void Sweep()
    {
        long last = Interlocked.Read(ref _sweptAt);
        if (clock.GetElapsedTime(last) < SweepInterval || Interlocked.CompareExchange(ref _sweptAt, clock.GetTimestamp(), last) != last)
            return;
        foreach (SessionResource resource in _byId.Values)
        {
            if (resource.Participant.IsGone)
                Remove(resource);
        }
    }

    /// <summary>Of all that a room tells, a session without signalling hears only its end.</summary>
    private sealed class EndOfSession(SessionResources owner, SessionResource resource) : IParticipantEvents
    {
        public void Closed(RtcError reason) => owner.Remove(resource);

        public void ParticipantJoined(ParticipantInfo participant)
        {
        }

        public void ParticipantLeft(string participantId)
        {
        }

        public void ParticipantReconnecting(string participantId, bool reconnecting)
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

        public void PublishLayers(string trackId, string mid, IReadOnlyList<EncodingDemand> encodings)
        {
        }

        public void VideoHeld(IReadOnlyList<string> trackIds)
        {
        }

        public void ActiveSpeakers(IReadOnlyList<SpeakerLevel> speakers)
        {
        }

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

        public void SubscribeOffer(SubscribeOffer offer)
        {
        }
    }
}
