using Events.Mixer;
using Events.Mixer.Recording;
using Events.Rtc.Protocol.Codecs;
using Events.Rtc.Rooms;
using Events.Tests.Mixer.Tests.Testing;

namespace Events.Tests.Mixer.Tests.Recording;

/// <summary>What a client encrypts cannot be recorded: the rest is, and the organiser is told.</summary>
public sealed class EncryptedTrackTests
{
    [Fact]
    public async Task Encrypted_tracks_are_refused_and_the_others_recorded()
    {
        await using var mixer = new MixerFixture();
        using var relay = new FakeRelay(mixer.RelayPath);
        var ada = new Speaker(relay, "ada", "Ada", 1);
        ada.Join();
        ada.Play(Codec.Opus, await Material.OpusAsync("sine=f=300", 1), 0, NodeTime.Now, loop: true);
        relay.Join("ben", "Ben");
        relay.Publish("ben", 11, TrackSource.Microphone, "opus", encryption: TrackEncryption.Gcm);
        relay.Publish("ben", 12, TrackSource.Camera, "vp8", encryption: TrackEncryption.Custom);
        Assert.True((await mixer.Service.StartAsync(new("r1", "room", relay.Path))).IsOk);
        await MixerFixture.Until(() => mixer.Service.Get("r1") is { StartedAt: not null, Refused.Count: 2 }, "the start and both refusals");
        Assert.Equal(new RecordingTrackRefused("r1", "track_encrypted", 2), mixer.Event<RecordingTrackRefused>());
        Assert.Equal(
            [("t11", "ben", "audio", "microphone", "track_encrypted"), ("t12", "ben", "video", "camera", "track_encrypted")],
            mixer.Service.Get("r1")!.Refused.Select(r => (r.TrackId, r.ParticipantId, r.Kind, r.Source, r.Code)));

        await MixerFixture.Until(() => mixer.Service.Get("r1")!.StartedAt < DateTimeOffset.UtcNow.AddSeconds(-2), "something to hear");
        var (_, path) = await mixer.FinishAsync("r1");
        ada.StopSending();
        Assert.Equal("opus", Assert.Single(mixer.Service.Get("r1")!.Tracks).Codec);
        Assert.Contains(await Material.LoudnessAsync(path), loudness => loudness > 0.01);
    }

    [Fact]
    public async Task A_recording_of_nothing_but_encrypted_tracks_fails_and_says_why_also_after_a_restart()
    {
        var directory = Directory.CreateTempSubdirectory("mixer-").FullName;
        using var relay = new FakeRelay(Path.Combine(directory, "relay.sock"));
        relay.Join("ben", "Ben");
        relay.Publish("ben", 11, TrackSource.Microphone, "opus", encryption: TrackEncryption.Gcm);
        await using var mixer = new MixerFixture(directory);
        Assert.True((await mixer.Service.StartAsync(new("r1", "room", relay.Path))).IsOk);
        await MixerFixture.Until(() => mixer.Service.Get("r1") is { StartedAt: not null, Refused.Count: 1 }, "the start and the refusal");
        Assert.True((await mixer.Service.StopAsync("r1")).IsOk);
        await MixerFixture.Until(() => mixer.Service.Get("r1")!.State == RecordingState.Failed, "the end");
        Assert.Equal("track_encrypted", mixer.Service.Get("r1")!.Failure!.Code);
        Assert.Equal("track_encrypted", mixer.Event<RecordingFailed>()!.Code);
        Assert.NotNull(mixer.Event<RecordingStopped>());

        await mixer.Service.DisposeAsync();
        mixer.Events.Clear();
        await using var again = new MixerFixture(directory);
        again.Service.Recover();
        await MixerFixture.Until(() => again.Event<RecordingFailed>() is not null, "the last word is said again");
        Assert.Single(again.Service.Get("r1")!.Refused);
    }
}
