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
internal sealed record EventRow(Guid Id, string Slug, string Name, string Description, string TimeZone, string State, DateTimeOffset StartsAt, DateTimeOffset EndsAt, Guid OrganiserId, string OrganiserName, string BusinessType, int Revision, DateTimeOffset ChangedAt, string? Background, string? Foreground, int BrandingVersion, bool OwnColours, string? Logo, string? Cover, string? OrganiserLogo)
{
    public const string Columns = "e.id, e.slug, e.name, e.description, e.time_zone, e.state, e.starts_at, e.ends_at, e.organiser_id, o.name as organiser_name, e.business_type, e.revision, e.changed_at, "
        + "coalesce((select b.background from platform.event_branding b where b.event_id = e.id), (select b.background from platform.organiser_branding b where b.organiser_id = o.id)) as background, "
        + "coalesce((select b.foreground from platform.event_branding b where b.event_id = e.id), (select b.foreground from platform.organiser_branding b where b.organiser_id = o.id)) as foreground, "
        + "coalesce((select b.version from platform.event_branding b where b.event_id = e.id), 0) as branding_version, "
        + "exists (select 1 from platform.event_branding b where b.event_id = e.id and b.background is not null) as own_colours, "
        + "(select p.sha256 from platform.event_pictures p where p.event_id = e.id and p.kind = 'logo') as logo, (select p.sha256 from platform.event_pictures p where p.event_id = e.id and p.kind = 'cover') as cover, "
        + "(select l.sha256 from platform.organiser_logos l where l.organiser_id = o.id) as organiser_logo";

    /// <summary>Its own look; where it has none, the organisation's.</summary>
    public EventBranding Branding => new(
        Background,
        Foreground,
        Logo is not null ? $"/branding/{Id}/logo/{Logo}" : OrganiserLogo is not null ? OrganisationBranding.LogoPath(OrganiserId, OrganiserLogo) : null,
        Cover is null ? null : $"/branding/{Id}/cover/{Cover}",
        BrandingVersion,
        OwnColours,
        Logo is not null);

    /// <summary>Whether anyone may see it. A cancelled event is in no listing, but whoever comes to its page learns what has become of it.</summary>
    public bool IsPublic => State is "live" or "ended" or "cancelled";

    public EventSummary ToSummary() => new(Id, Slug, Name, Description, TimeZone, State, StartsAt, EndsAt, BusinessType, new OrganisationName(OrganiserId, OrganiserName), Branding);

    public EventDetails ToDetails(IReadOnlyList<SessionDetails> sessions) =>
        new(Id, Slug, Name, Description, TimeZone, State, StartsAt, EndsAt, BusinessType, new OrganisationName(OrganiserId, OrganiserName), Branding, sessions, Revision);
}
