using Events.Platform.Composition;
using Events.Platform.Features.EventEntry;
using Events.Platform.Features.Organisations;
using Events.Rtc.Rooms;

namespace Events.Platform.Features.Rooms;

/// <summary>What a role in an event makes of a room's rights: the table behind every grant, tested cell by cell.</summary>
internal static class SessionRights
{
    private static readonly ApiError NotOnStage = ApiError.Forbidden("publish_not_allowed", "Only organisers and speakers publish on a stage; join it as a viewer.");
    private static readonly ApiError OnlyWatches = ApiError.Forbidden("publish_not_allowed", "A preview only watches; enter the event to take part.");

    /// <param name="room">The session's room.</param>
    /// <param name="identity">Of the joining tab.</param>
    /// <param name="kind">"session": everyone may be seen and heard; "stage": a few are.</param>
    /// <param name="pass">Who asks.</param>
    /// <param name="publish">Whether it wants to send, or only to watch.</param>
    public static Outcome<RoomRights> Of(string room, string identity, string kind, EventPass pass, bool publish)
    {
        if (publish && pass.Preview)
        {
            return OnlyWatches;
        }

        if (publish && !Permissions.Allows(pass.Role, kind == "stage" ? EventAction.SpeakOnStage : EventAction.TakePart))
        {
            return NotOnStage;
        }

        return new RoomRights(room, identity, pass.Name, pass.Role, publish, CanSubscribe: true, Hidden: pass.Preview) { Moderates = Runs(pass) };
    }

    /// <summary>Invites, mutes, removes, locks. A preview is hidden: it moves nobody.</summary>
    public static bool Runs(EventPass pass) => !pass.Preview && Permissions.Allows(pass.Role, EventAction.Moderate);

    /// <summary>May put out and demote those who moderate.</summary>
    public static bool DecidesOnTeam(EventPass pass) => !pass.Preview && Permissions.Allows(pass.Role, EventAction.ManageTeam);

    /// <summary>Who moderates a room, and who watches it, is decided by those who make up the team.</summary>
    public static bool MayAsk(EventPass pass, RoomRequest request) =>
        request is RoomRequest.SetRights { Change.IsOfPublishing: false } ? DecidesOnTeam(pass) : Runs(pass);
}
