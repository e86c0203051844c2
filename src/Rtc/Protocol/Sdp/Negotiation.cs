using System.Diagnostics.CodeAnalysis;

namespace Events.Rtc.Protocol.Sdp;

/// <summary>
/// Offer and answer (RFC 3264, JSEP RFC 8829) as pure functions. Session ids stay and versions grow over the life of one peer
/// connection; both are the caller's.
/// </summary>
public static class Negotiation
{
    /// <summary>
    /// Answers a publisher (browser, WHIP): each sending m-line is received with every codec that the policy allows, the others are
    /// inactive; m-lines without a common codec are rejected in their place, and data channels unless <see cref="LocalTransport.SctpPort"/> takes them.
    /// </summary>
    /// <param name="sessionId">o= session id, 0 or more.</param>
    /// <param name="version">o= version: one more per answer of this connection.</param>
    public static bool TryAnswerPublish(
        SessionDescription offer,
        LocalTransport local,
        CodecPolicy policy,
        long sessionId,
        int version,
        [NotNullWhen(true)] out PublishNegotiation? negotiation,
        [NotNullWhen(false)] out SdpError? error) =>
        PublishAnswer.TryAnswer(offer, local, policy, sessionId, version, out negotiation, out error);

    /// <summary>
    /// Answers a subscriber that offers (WHEP): its receiving m-lines get the tracks in their order, kind by kind; those left over are
    /// inactive.
    /// </summary>
    /// <param name="tracks">In the order of publishing.</param>
    /// <param name="sessionId">o= session id, 0 or more.</param>
    /// <param name="version">o= version: one more per answer of this connection.</param>
    public static bool TryAnswerSubscribe(
        SessionDescription offer,
        LocalTransport local,
        IReadOnlyList<OutgoingTrack> tracks,
        long sessionId,
        int version,
        [NotNullWhen(true)] out SubscribeNegotiation? negotiation,
        [NotNullWhen(false)] out SdpError? error) =>
        SubscribeAnswerWriter.TryAnswer(offer, local, tracks, sessionId, version, out negotiation, out error);

    /// <summary>
    /// Gives each track a slot: those that have one keep it, new ones take a free slot of their kind, or a new slot at the end. Slots are
    /// never removed, because m-lines are not (RFC 3264 §8).
    /// </summary>
    /// <param name="slots">Of the offer before; empty at first.</param>
    /// <param name="tracks">All that the subscriber shall get from now on, told apart by TrackId; those without room are left out (<see cref="SdpLimits.MaxMedia"/>).</param>
    public static IReadOnlyList<SubscribeSlot> ArrangeSlots(IReadOnlyList<SubscribeSlot> slots, IReadOnlyList<OutgoingTrack> tracks) =>
        SubscribeOffer.Arrange(slots, tracks);

    /// <summary>Writes the offer to a subscriber (browser): one m-line per slot, sendonly with a track, inactive without.</summary>
    /// <param name="slots">From <see cref="ArrangeSlots"/>; at least one.</param>
    /// <param name="sessionId">o= session id, 0 or more.</param>
    /// <param name="version">o= version: one more per offer of this connection.</param>
    public static string WriteSubscribeOffer(LocalTransport local, IReadOnlyList<SubscribeSlot> slots, long sessionId, int version) =>
        SubscribeOffer.Write(local, slots, sessionId, version);

    /// <summary>Reads a subscriber's answer to the offer written from the same slots.</summary>
    public static bool TryReadSubscribeAnswer(
        SessionDescription answer,
        IReadOnlyList<SubscribeSlot> slots,
        [NotNullWhen(true)] out SubscribeAnswer? result,
        [NotNullWhen(false)] out SdpError? error) =>
        SubscribeOffer.TryReadAnswer(answer, slots, out result, out error);
}
