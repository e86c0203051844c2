using Events.Mixer.Frames;
using Events.Rtc.Protocol.Primitives;

namespace Events.Tests.Mixer.Tests.Frames;

public sealed class ClockTests
{
    private const long Second = 1_000_000_000;
    private const long Ms = 1_000_000;

    [Theory]
    [InlineData(0, 0)]
    [InlineData(60, 0)]
    [InlineData(200, 100)]
    [InlineData(60, -100)]
    public void Both_tracks_map_alike_however_late_one_of_them_comes(int extraDelayMs, int driftPpm)
    {
        const int Seed = 12;
        var random = new Random(Seed);
        var participant = new ParticipantClock();
        var audio = participant.Open(48_000);
        var video = participant.Open(90_000);
        var worst = 0L;
        var worstDrift = 0L;
        for (var ms = 0L; ms < 120_000; ms += 20)
        {
            var media = ms * Ms;
            var wall = (1_700_000_000 * Second) + media + (media * driftPpm / 1_000_000);
            var audioArrival = wall + (20 * Ms) + (long)(random.NextDouble() * 15 * Ms);
            var videoArrival = wall + ((20 + extraDelayMs) * Ms) + (long)(random.NextDouble() * 15 * Ms);
            var audioRtp = (uint)(4_000_000_000 + (ms * 48));
            var videoRtp = (uint)(1_000 + (ms * 90));
            audio.OnPacket(audioRtp, audioArrival);
            video.OnPacket(videoRtp, videoArrival);
            if (ms % 1_000 == 500)
            {
                var ntp = NtpTime.FromUnixNanoseconds((5_000 * Second) + media);
                audio.OnSenderReport(ntp, audioRtp, audioArrival);
                video.OnSenderReport(ntp, videoRtp, videoArrival);
            }

            if (ms > 2_000)
            {
                var mappedAudio = audio.Map(audioRtp);
                var mappedVideo = video.Map(videoRtp);
                worst = Math.Max(worst, Math.Abs(mappedAudio - mappedVideo));
                worstDrift = Math.Max(worstDrift, Math.Abs(mappedAudio - (wall + (20 * Ms))));
            }
        }

        Assert.True(worst < 10 * Ms, $"skew {worst / 1e6:F2} ms, seed {Seed}");
        Assert.True(worstDrift < 20 * Ms, $"off the wall clock by {worstDrift / 1e6:F2} ms, seed {Seed}");
    }

    [Fact]
    public void The_first_report_tells_how_far_earlier_times_were_off()
    {
        var participant = new ParticipantClock();
        var audio = participant.Open(48_000);
        var video = participant.Open(90_000);
        audio.OnPacket(0, Second);
        video.OnPacket(0, Second + (80 * Ms));
        audio.OnSenderReport(NtpTime.FromUnixNanoseconds(Second), 0, Second);
        var before = video.Map(9_000);
        video.OnSenderReport(NtpTime.FromUnixNanoseconds(Second), 0, Second + (80 * Ms));

        Assert.Equal(1, video.Moves);
        Assert.InRange(video.LastMove, -81 * Ms, -79 * Ms);
        Assert.InRange(video.Map(9_000) - before - video.LastMove, -Ms, Ms);
        Assert.InRange(audio.LastMove, -Ms, Ms);
    }

    [Fact]
    public void Time_never_jumps_when_a_better_path_is_found()
    {
        var participant = new ParticipantClock();
        var audio = participant.Open(48_000);
        var last = 0L;
        for (var ms = 0L; ms < 30_000; ms += 20)
        {
            var media = ms * Ms;
            var arrival = (10 * Second) + media + (ms < 5_000 ? 150 * Ms : 10 * Ms);
            audio.OnPacket((uint)(ms * 48), arrival);
            if (ms % 1_000 == 0)
            {
                audio.OnSenderReport(NtpTime.FromUnixNanoseconds(Second + media), (uint)(ms * 48), arrival);
            }

            var mapped = audio.Map((uint)(ms * 48));
            Assert.True(last == 0 || mapped - last is > 19 * Ms and < 21 * Ms, $"step of {(mapped - last) / 1e6:F2} ms at {ms} ms");
            last = mapped;
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_pause_in_which_media_time_stands_still_shifts_nothing_once_a_report_has_come(bool alone)
    {
        var participant = new ParticipantClock();
        var audio = participant.Open(48_000);
        var video = participant.Open(90_000);
        var worst = 0L;
        for (var ms = 0L; ms < 60_000; ms += 20)
        {
            var arrival = (1_000 * Second) + (ms * Ms);
            if (!alone)
            {
                video.OnPacket((uint)(ms * 90), arrival);
                if (ms % 1_000 == 0)
                {
                    video.OnSenderReport(NtpTime.FromUnixNanoseconds(Second + (ms * Ms)), (uint)(ms * 90), arrival);
                }
            }

            if (ms is >= 20_000 and < 25_000)
            {
                continue;
            }

            var rtp = (uint)((ms < 20_000 ? ms : ms - 5_000) * 48);
            audio.OnPacket(rtp, arrival);
            if (ms % 1_000 == 0)
            {
                audio.OnSenderReport(NtpTime.FromUnixNanoseconds(Second + (ms * Ms)), rtp, arrival);
            }

            worst = Math.Max(worst, Math.Abs(audio.Map(rtp) - arrival));
        }

        Assert.True(worst < 20 * Ms, $"off by {worst / 1e6:F2} ms");
    }

    [Fact]
    public void A_report_without_a_clock_is_ignored()
    {
        var audio = new ParticipantClock().Open(48_000);
        audio.OnPacket(0, Second);
        audio.OnSenderReport(new NtpTime(0), 0, Second);
        Assert.Equal(Second, audio.Map(0));
        Assert.Equal(0, audio.Moves);
    }
}
