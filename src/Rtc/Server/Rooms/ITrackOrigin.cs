namespace Events.Rtc.Rooms;

/// <summary>Where a track's packets come from: its publisher's transport, or the worker that this is on.</summary>
internal interface ITrackOrigin
{
    MediaWorker Worker { get; }

    Participant Participant { get; }

    void SendKeyframeRequest(PublishedTrack track, PublishedEncoding encoding);
}
