using Events.Rtc.Rooms;

namespace Events.Rtc.Stats;

/// <summary>How media flows in a room at one moment. Rates are of the last second; counts are since the track or the transport began.</summary>
/// <param name="Room">The room.</param>
/// <param name="Totals">Of everyone, also of those who are not listed.</param>
/// <param name="Publishers">Who publishes, in the order of their coming.</param>
/// <param name="Viewers">Who receives, the worst first; no more than were asked for.</param>
public sealed record RoomStats(string Room, RoomTotals Totals, IReadOnlyList<PublisherStats> Publishers, IReadOnlyList<ViewerStats> Viewers);

/// <param name="Publishers">Participants that publish.</param>
/// <param name="Viewers">Participants that receive.</param>
/// <param name="Connected">Viewers whose transport is connected.</param>
/// <param name="OverTcp">Of those, by ICE-TCP.</param>
/// <param name="Frozen">Viewers of whom a picture stands still now.</param>
/// <param name="HeldBack">Viewers whose path has no room for all they want.</param>
/// <param name="BitrateIn">From publishers, bit/s.</param>
/// <param name="BitrateOut">To viewers, bit/s, retransmissions and padding included.</param>
/// <param name="Loss">Mean over connected viewers, 0…1.</param>
/// <param name="RoundTripMs">Mean over the viewers of whom it is known; null: of none.</param>
public sealed record RoomTotals(
    int Publishers, int Viewers, int Connected, int OverTcp, int Frozen, int HeldBack, long BitrateIn, long BitrateOut, double Loss, double? RoundTripMs);

/// <summary>A peer connection's transport.</summary>
/// <param name="State">connecting (ICE and DTLS are on their way), connected, consent_lost (RFC 7675: the peer does not answer, nothing is sent) or closed.</param>
/// <param name="Protocol">udp or tcp; null before an address has been authenticated.</param>
/// <param name="Family">ipv4 or ipv6; null likewise. The address itself is nobody's business.</param>
/// <param name="Candidates">Addresses of the peer that have been authenticated.</param>
public sealed record TransportStats(string State, string? Protocol, string? Family, int Candidates);

/// <param name="ParticipantId">Of the roster.</param>
/// <param name="Identity">Of the grant; null of who is hidden.</param>
/// <param name="Name">Of the grant; null of who is hidden.</param>
/// <param name="Kind">client (hub) or whip.</param>
/// <param name="Transport">On which it sends.</param>
/// <param name="Bitrate">Of all its tracks, bit/s.</param>
/// <param name="Tracks">In the order of publishing.</param>
public sealed record PublisherStats(
    string ParticipantId, string? Identity, string? Name, string Kind, TransportStats Transport, long Bitrate, IReadOnlyList<TrackStats> Tracks);

/// <param name="TrackId">Of the roster.</param>
/// <param name="Kind">Audio or video.</param>
/// <param name="Source">What is captured.</param>
/// <param name="Codec">As in the roster.</param>
/// <param name="Muted">By its publisher, or by a moderator.</param>
/// <param name="Viewers">Subscriptions of it on the room's own worker.</param>
/// <param name="Freezes">No picture came for more than 500 ms though one should have: so often.</param>
/// <param name="FrozenMs">Of all these together.</param>
/// <param name="Frozen">Now.</param>
/// <param name="Encodings">One, or the simulcast encodings in the order of the offer.</param>
/// <param name="Layers">What viewers can be given, lowest first; empty of sound.</param>
public sealed record TrackStats(
    string TrackId, TrackKind Kind, TrackSource Source, string Codec, bool Muted, int Viewers, int Freezes, long FrozenMs, bool Frozen,
    IReadOnlyList<EncodingStats> Encodings, IReadOnlyList<TrackLayerInfo> Layers);

/// <param name="Rid">Of its simulcast encoding; null without.</param>
/// <param name="Active">It arrives now.</param>
/// <param name="Width">Pixels of its largest layer; 0 until known, and of sound.</param>
/// <param name="Height">Pixels of its largest layer.</param>
/// <param name="FrameRate">Pictures a second.</param>
/// <param name="Bitrate">bit/s, headers and retransmissions included.</param>
/// <param name="Packets">Received.</param>
/// <param name="Lost">Never received, or only when asked for again.</param>
/// <param name="Loss">Of the last second, 0…1.</param>
/// <param name="JitterMs">RFC 3550 §6.4.1.</param>
/// <param name="KeyframeRequests">Sent to the publisher.</param>
public sealed record EncodingStats(
    string? Rid, bool Active, int Width, int Height, double FrameRate, long Bitrate, long Packets, long Lost, double Loss, double JitterMs, long KeyframeRequests);

/// <param name="ParticipantId">Of the roster.</param>
/// <param name="Identity">Of the grant; null of who is hidden.</param>
/// <param name="Name">Of the grant; null of who is hidden.</param>
/// <param name="Kind">client (hub) or whep.</param>
/// <param name="Transport">On which it receives.</param>
/// <param name="Bitrate">Sent to it, bit/s, retransmissions and padding included.</param>
/// <param name="Estimate">What its path carries, bit/s; null when its client says nothing of it.</param>
/// <param name="RoundTripMs">Smoothed; null until known.</param>
/// <param name="Loss">0…1: smoothed from transport-wide feedback, else the worst of its last receiver reports.</param>
/// <param name="JitterMs">The worst of its last receiver reports.</param>
/// <param name="Paced">Packets that waited for its path.</param>
/// <param name="Dropped">Packets for which its queue had no room.</param>
/// <param name="Retransmitted">Packets sent again.</param>
/// <param name="Freezes">Of all its pictures.</param>
/// <param name="FrozenMs">Of all its pictures together.</param>
/// <param name="Subscriptions">What it receives.</param>
public sealed record ViewerStats(
    string ParticipantId, string? Identity, string? Name, string Kind, TransportStats Transport, long Bitrate, long? Estimate, double? RoundTripMs, double Loss,
    double JitterMs, long Paced, long Dropped, long Retransmitted, int Freezes, long FrozenMs, IReadOnlyList<SubscriptionStats> Subscriptions);

/// <param name="TrackId">Whose.</param>
/// <param name="Kind">Audio or video.</param>
/// <param name="Source">What is captured.</param>
/// <param name="Layer">What it gets of a picture now; null: nothing, and of sound.</param>
/// <param name="Paused">Why nothing is sent: viewer (it asked), last_n, bandwidth (held); null: it is sent.</param>
/// <param name="Bitrate">bit/s.</param>
/// <param name="Loss">Of its last receiver report, 0…1.</param>
/// <param name="JitterMs">Of its last receiver report.</param>
/// <param name="Freezes">No picture was sent for more than 500 ms though one was wanted: so often.</param>
/// <param name="FrozenMs">Of all these together.</param>
/// <param name="Frozen">Now.</param>
public sealed record SubscriptionStats(
    string TrackId, TrackKind Kind, TrackSource Source, GivenLayer? Layer, string? Paused, long Bitrate, double Loss, double JitterMs, int Freezes, long FrozenMs, bool Frozen);

/// <param name="Rid">Of its simulcast encoding; null without.</param>
/// <param name="Spatial">Spatial layer inside the encoding.</param>
/// <param name="Temporal">The highest temporal layer that may be sent.</param>
/// <param name="Width">Pixels; 0 until known.</param>
/// <param name="Height">Pixels; 0 until known.</param>
public sealed record GivenLayer(string? Rid, int Spatial, int Temporal, int Width, int Height);
