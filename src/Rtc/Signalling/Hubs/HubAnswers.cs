using Events.Rtc.Rooms;

namespace Events.Rtc.Signalling.Hubs;

/// <summary>What every hub method returns (docs/api.md): <c>{ok:true,…}</c>, or <c>{ok:false,error}</c>.</summary>
public abstract record HubAnswer(bool Ok);

/// <summary>Nothing more to say than that it worked.</summary>
public sealed record Accepted() : HubAnswer(true);

/// <summary>It did not work.</summary>
public sealed record Refused(RtcError Error) : HubAnswer(false);

/// <summary>The answer to a publish offer.</summary>
public sealed record Published(string Sdp) : HubAnswer(true);

/// <summary>A new offer for the subscriber peer connection.</summary>
public sealed record Reoffered(SubscribeOffer Offer) : HubAnswer(true);

/// <summary>The answer of join and resume: all that a client needs to draw the room.</summary>
public sealed record Entered(
    EnteredAs You,
    string ResumeToken,
    EnteredRoom Room,
    IReadOnlyList<ParticipantInfo> Participants,
    IReadOnlyList<IceServer> IceServers,
    int? IceServersTtl,
    SubscribeOffer? Offer) : HubAnswer(true);

/// <summary>STUN and TURN servers, and for how many seconds their credentials are good; null: for ever.</summary>
public sealed record Relays(IReadOnlyList<IceServer> IceServers, int? IceServersTtl) : HubAnswer(true);

/// <summary>The caller as the room knows it.</summary>
public sealed record EnteredAs(
    string ParticipantId,
    string Identity,
    string Name,
    string Role,
    bool CanPublish,
    bool CanSubscribe,
    IReadOnlyList<TrackSource> Sources,
    bool Moderates)
{
    internal static EnteredAs Of(string participantId, RoomRights rights)
    {
        RightsInfo info = RightsInfo.Of(rights);
        return new EnteredAs(participantId, rights.Identity, rights.Name, rights.Role, info.CanPublish, info.CanSubscribe, info.Sources, info.Moderates);
    }
}

/// <summary>The room that was entered.</summary>
public sealed record EnteredRoom(string Id, bool Locked);
