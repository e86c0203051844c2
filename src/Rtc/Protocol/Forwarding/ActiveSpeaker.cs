using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;

namespace Events.Rtc.Protocol.Forwarding;

/// <summary>
/// Whether one audio track is being spoken into, from the levels that its packets carry (RFC 6464). A word starts speech,
/// a breath does not end it: speech needs 60 ms of sound to begin and 800 ms of silence to end.
/// </summary>
public struct ActiveSpeaker
{
    /// <summary>−dBov; a quiet voice at a laptop's microphone is near −45, a silent room below −55.</summary>
    private const int SpeechThreshold = 50;

    private static readonly TimeSpan Attack = TimeSpan.FromMilliseconds(60);
    private static readonly TimeSpan Release = TimeSpan.FromMilliseconds(800);

    /// <summary>The longest Opus packet lasts 60 ms (RFC 6716 §2.1.4), browsers' 120 ms at most; more is a pause.</summary>
    private static readonly TimeSpan MaxPacketGap = TimeSpan.FromMilliseconds(130);

    private MonotonicTime _loudSince;
    private MonotonicTime _lastLoud;
    private double _level;
    private bool _loud;

    public bool Speaking { get; private set; }

    /// <summary>Smoothed over about 100 ms; 0 (silence) … 1 (full scale).</summary>
    public readonly double Level => _level;

    public void Receive(AudioLevel level, MonotonicTime now)
    {
        var linear = 1 - (level.MinusDecibels / 127.0);
        _level += (linear - _level) * 0.2; // 20 ms packets: time constant 100 ms
        if (level.MinusDecibels < SpeechThreshold)
        {
            // Two clicks are no word: the sound must last. Packets that stop (DTX) end it like packets of silence.
            if (!_loud || now - _lastLoud > MaxPacketGap)
            {
                _loud = true;
                _loudSince = now;
            }

            _lastLoud = now;
            if (now - _loudSince >= Attack)
            {
                Speaking = true;
            }
        }
        else
        {
            _loud = false;
        }
    }

    /// <summary>Ends speech after silence, also when packets stop (DTX, mute).</summary>
    public void Advance(MonotonicTime now)
    {
        if (Speaking && now - _lastLoud > Release)
        {
            Speaking = false;
            _level = 0;
        }
    }
}
