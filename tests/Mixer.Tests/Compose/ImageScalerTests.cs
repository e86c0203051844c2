using Events.Mixer.Compose;

namespace Events.Tests.Mixer.Tests.Compose;

public sealed class ImageScalerTests
{
    [Theory]
    [InlineData(1280, 720, 416, 234)]
    [InlineData(640, 360, 1280, 720)]
    [InlineData(412, 230, 412, 230)]
    [InlineData(1280, 720, 160, 90)]
    public void A_flat_picture_stays_flat_and_a_ramp_stays_a_ramp(int width, int height, int targetWidth, int targetHeight)
    {
        var source = new YuvImage(width, height);
        source.Plane(1).Fill(90);
        source.Plane(2).Fill(255);
        for (var i = 0; i < width * height; i++)
        {
            source.Plane(0)[i] = (byte)(i % width * 255 / (width - 1));
        }

        var scaled = new ImageScaler(width, height, targetWidth, targetHeight).Scale(source);
        Assert.True(scaled.Plane(1).IndexOfAnyExcept((byte)90) < 0);
        Assert.True(scaled.Plane(2).IndexOfAnyExcept((byte)255) < 0);
        for (var x = 0; x < targetWidth; x++)
        {
            var expected = ((x + 0.5) * width / targetWidth - 0.5) * 255 / (width - 1);
            Assert.InRange(scaled.Plane(0)[x] - expected, -4, 4);
            Assert.Equal(scaled.Plane(0)[x], scaled.Plane(0)[((targetHeight - 1) * targetWidth) + x]);
        }
    }

    [Fact]
    public void Loud_sums_bend_below_full_scale_and_quiet_ones_stay()
    {
        float[] samples = [0.5f, -0.79f, 0.9f, 3f, -7f];
        AudioMixer.Limit(samples);
        Assert.Equal([0.5f, -0.79f], samples[..2]);
        Assert.All(samples, s => Assert.InRange(s, -1f, 1f));
        Assert.True(samples[2] > 0.8f && samples[3] > samples[2]);
    }
}
