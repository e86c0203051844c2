using Events.Mixer.Recording;
using Events.Rtc.Protocol.Codecs;
using Events.Rtc.Rooms;

namespace Events.Tests.Mixer.Tests.Testing;

/// <summary>Plays coded media into a relay in real time, as a participant with its own clocks and delays.</summary>
public sealed class Speaker(FakeRelay relay, string id, string name, uint firstHandle)
{
    /// <summary>A sender's clock has its own idea of the time.</summary>
    private const long SenderClockAhead = 1_234_567_890_123;

    private readonly List<Thread> _threads = [];
    private volatile bool _stopping;

    public uint Video => firstHandle;

    public uint Audio => firstHandle + 1;

    public void Join()
    {
        relay.Join(id, name);
    }

    /// <summary>Plays a track; after its end it is silent.</summary>
    /// <param name="codec">Which.</param>
    /// <param name="frames">Media, timestamps from zero.</param>
    /// <param name="delayMs">From capture to the node.</param>
    /// <param name="start">Common start of the tracks, node time.</param>
    /// <param name="loop">Begin again at the end, with timestamps going on.</param>
    public void Play(Codec codec, IReadOnlyList<CodedFrame> frames, int delayMs, long start, bool loop = false)
    {
        var handle = codec.IsVideo() ? Video : Audio;
        relay.Publish(id, handle, codec.IsVideo() ? TrackSource.Camera : TrackSource.Microphone, codec.ToString().ToLowerInvariant());
        var thread = new Thread(() => Run(codec, frames, delayMs, start, handle, loop)) { IsBackground = true };
        _threads.Add(thread);
        thread.Start();
    }

    /// <summary>Stops sending, then leaves.</summary>
    public void Leave()
    {
        StopSending();
        relay.Leave(id);
    }

    public void StopSending()
    {
        _stopping = true;
        _threads.ForEach(t => t.Join());
        _threads.Clear();
        _stopping = false;
    }

    private void Run(Codec codec, IReadOnlyList<CodedFrame> frames, int delayMs, long start, uint handle, bool loop)
    {
        var packetiser = new Packetiser(codec, 1000 + handle, timestampOffset: 0xFFFF_0000 + handle);
        var nextReport = 300_000_000L;
        var length = frames[^1].TimestampNs + frames[1].TimestampNs;
        for (var round = 0; round == 0 || loop; round++)
        {
            foreach (var frame in frames)
            {
                var at = frame.TimestampNs + (round * length);
                while (NodeTime.Now < start + at + (delayMs * 1_000_000L))
                {
                    if (_stopping)
                    {
                        return;
                    }

                    // Real time is what is simulated here: a sender waits for its next frame.
                    Thread.Sleep(1);
                }

                foreach (var packet in packetiser.Packetise(frame with { TimestampNs = at }))
                {
                    relay.Rtp(handle, packet);
                }

                if (at >= nextReport)
                {
                    nextReport = at + 1_000_000_000;
                    relay.SenderReport(handle, start + at + SenderClockAhead, packetiser.TimestampOf(at));
                }
            }
        }
    }
}
