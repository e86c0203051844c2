using Events.Mixer.Compose;

namespace Events.Tests.Mixer.Tests.Compose;

public sealed class AudioMixerTests
{
    [Fact]
    public void A_fifth_sound_of_a_participant_ends_its_first()
    {
        List<string> playing = ["ada", "bob", "bob", "bob"];
        Assert.Equal(-1, AudioMixer.FindOver(playing, "bob"));
        playing.Add("bob");
        Assert.Equal(1, AudioMixer.FindOver(playing, "bob"));
        Assert.Equal(-1, AudioMixer.FindOver(playing, "ada"));
    }

    [Fact]
    public void Of_all_together_the_first_ends_for_one_more_than_there_may_be()
    {
        var playing = Enumerable.Range(0, 255).Select(i => $"p{i}").ToList();
        Assert.Equal(-1, AudioMixer.FindOver(playing, "another"));
        playing.Add("p255");
        Assert.Equal(0, AudioMixer.FindOver(playing, "another"));
    }
}
