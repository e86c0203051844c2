using Events.Rtc.Protocol.Forwarding;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;

namespace Events.Tests.Rtc.Protocol.Tests.Forwarding;

public class ActiveSpeakerTests
{
    private ActiveSpeaker _speaker;
    private long _now = 1_000_000;

    [Fact]
    public void Speech_begins_after_sixty_milliseconds_of_sound()
    {
        Say(20, 60);
        Assert.False(_speaker.Speaking);
        Say(20, 20);
        Assert.True(_speaker.Speaking);
    }

    [Fact]
    public void A_pause_between_words_does_not_end_it_and_silence_does()
    {
        Say(20, 200);
        Say(90, 700);
        Assert.True(_speaker.Speaking);
        Say(20, 20);
        Say(90, 700);
        Assert.True(_speaker.Speaking);
        Say(90, 200);
        Assert.False(_speaker.Speaking);
    }

    [Fact]
    public void Two_clicks_are_no_speech()
    {
        for (var click = 0; click < 5; click++)
        {
            Say(20, 20);
            Say(90, 500);
        }

        Assert.False(_speaker.Speaking);
    }

    [Fact]
    public void Clicks_between_which_nothing_is_sent_are_no_speech_either()
    {
        for (var click = 0; click < 5; click++)
        {
            Say(20, 20);
            _now += 500; // DTX
        }

        Assert.False(_speaker.Speaking);
    }

    [Fact]
    public void One_who_stops_sending_stops_speaking()
    {
        Say(20, 200);
        _speaker.Advance(MonotonicTime.FromMilliseconds(_now + 1_000));
        Assert.False(_speaker.Speaking);
        Assert.Equal(0, _speaker.Level);
    }

    [Fact]
    public void The_louder_one_has_the_higher_level()
    {
        ActiveSpeaker quiet = default, loud = default;
        for (var i = 0; i < 50; i++)
        {
            quiet.Receive(new AudioLevel(true, 45), MonotonicTime.FromMilliseconds(i * 20));
            loud.Receive(new AudioLevel(true, 15), MonotonicTime.FromMilliseconds(i * 20));
        }

        Assert.True(loud.Level > quiet.Level);
        Assert.InRange(loud.Level, 0, 1);
    }

    private void Say(byte minusDecibels, int milliseconds)
    {
        for (var i = 0; i < milliseconds; i += 20, _now += 20)
        {
            _speaker.Receive(new AudioLevel(true, minusDecibels), MonotonicTime.FromMilliseconds(_now));
            _speaker.Advance(MonotonicTime.FromMilliseconds(_now));
        }
    }
}
