using Events.Platform.Features.Branding;

namespace Events.Platform.Features.Events;

public sealed record EventSummary(Guid Id, string Slug, string Name, string Description, string TimeZone, string State, DateTimeOffset StartsAt, DateTimeOffset EndsAt, string BusinessType, OrganisationName Organisation, EventBranding Branding);

/// <param name="Version">Its entity tag: goes into <c>If-Match</c>.</param>
public sealed record EventDetails(Guid Id, string Slug, string Name, string Description, string TimeZone, string State, DateTimeOffset StartsAt, DateTimeOffset EndsAt, string BusinessType, OrganisationName Organisation, EventBranding Branding, IReadOnlyList<SessionDetails> Sessions, int Version);

public sealed record OrganisationName(Guid Id, string Name);

/// <param name="Kind">"session": everyone may speak; "stage": organisers and speakers.</param>
/// <param name="Live">Somebody is in it.</param>
/// <param name="Participants">How many, hidden ones not counted.</param>
public sealed record SessionDetails(Guid Id, string Name, string Kind, DateTimeOffset? StartsAt, DateTimeOffset? EndsAt, bool Live, int Participants, int Version);

public sealed record EventPage(IReadOnlyList<EventSummary> Items, string? Next);

/// <summary>A row of <c>platform.events</c> with its organisation's name.</summary>
internal sealed record EventRow(Guid Id, string Slug, string Name, string Description, string TimeZone, string State, DateTimeOffset StartsAt, DateTimeOffset EndsAt, Guid OrganiserId, string OrganiserName, string BusinessType, int Revision, DateTimeOffset ChangedAt, string? Background, string? Foreground, int BrandingVersion, string? Logo, string? Cover)
{
    public const string Columns = "e.id, e.slug, e.name, e.description, e.time_zone, e.state, e.starts_at, e.ends_at, e.organiser_id, o.name as organiser_name, e.business_type, e.revision, e.changed_at, "
        + "(select b.background from platform.event_branding b where b.event_id = e.id) as background, (select b.foreground from platform.event_branding b where b.event_id = e.id) as foreground, "
        + "coalesce((select b.version from platform.event_branding b where b.event_id = e.id), 0) as branding_version, "
        + "(select p.sha256 from platform.event_pictures p where p.event_id = e.id and p.kind = 'logo') as logo, (select p.sha256 from platform.event_pictures p where p.event_id = e.id and p.kind = 'cover') as cover";

    public EventBranding Branding => new(Background, Foreground, Logo is null ? null : $"/branding/{Id}/logo/{Logo}", Cover is null ? null : $"/branding/{Id}/cover/{Cover}", BrandingVersion);

    /// <summary>Whether anyone may see it. A cancelled event is in no listing, but whoever comes to its page learns what has become of it.</summary>
    public bool IsPublic => State is "live" or "ended" or "cancelled";

    public EventSummary ToSummary() => new(Id, Slug, Name, Description, TimeZone, State, StartsAt, EndsAt, BusinessType, new OrganisationName(OrganiserId, OrganiserName), Branding);

    public EventDetails ToDetails(IReadOnlyList<SessionDetails> sessions) =>
        new(Id, Slug, Name, Description, TimeZone, State, StartsAt, EndsAt, BusinessType, new OrganisationName(OrganiserId, OrganiserName), Branding, sessions, Revision);
}
