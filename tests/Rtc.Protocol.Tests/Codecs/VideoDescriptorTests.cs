using Events.Rtc.Protocol.Codecs;
using Events.Tests.Rtc.Protocol.Tests.Wire;

namespace Events.Tests.Rtc.Protocol.Tests.Codecs;

public class VideoDescriptorTests
{
    // RFC 7741 §4.2: X S, I L T K, 15-bit picture id 0x1234, TL0PICIDX 0x56, TID 2 Y KEYIDX 9; then a key frame of 640×360 (scale 1, 0).
    private const string Vp8Keyframe = "90f0" + "9234" + "56" + "a9" + "100200" + "9d012a" + "8042" + "6801" + "ff";

    // RFC 9628 §4.2: I L B E V, 7-bit id 5, TID 1 U SID 0, TL0PICIDX 8, SS with two sizes and a group of two pictures.
    private const string Vp9Keyframe = "ae" + "05" + "30" + "08" + "38" + "014000b4" + "02800168" + "02" + "0404" + "080102" + "ff";

    [Fact]
    public void Vp8_descriptor_with_every_field_is_read()
    {
        Assert.True(Vp8Descriptor.TryRead(Convert.FromHexString(Vp8Keyframe), out var vp8));
        Assert.Equal(6, vp8.Length);
        Assert.True(vp8.IsStartOfFrame);
        Assert.False(vp8.IsNonReference);
        Assert.Equal(15, vp8.PictureIdBits);
        Assert.Equal(0x1234, vp8.PictureId);
        Assert.True(vp8.HasTl0PicIdx);
        Assert.Equal(0x56, vp8.Tl0PicIdx);
        Assert.Equal(2, vp8.TemporalId);
        Assert.True(vp8.IsLayerSync);
        Assert.True(vp8.HasKeyIndex);
        Assert.Equal(9, vp8.KeyIndex);
        Assert.True(vp8.IsKeyframe);
        Assert.Equal((640, 360), ((int)vp8.Width, (int)vp8.Height));
    }

    [Theory]
    [InlineData("1000", 1, true)] // minimal, first packet, P = 0
    [InlineData("1001", 1, false)] // inter frame
    [InlineData("0000", 1, false)] // not the start of a partition
    [InlineData("1100", 1, false)] // a later partition
    [InlineData("9080057f", 3, false)] // 7-bit picture id
    [InlineData("902040" + "01", 3, false)] // T only
    public void Vp8_descriptor_forms_and_keyframes(string hex, int length, bool keyframe)
    {
        Assert.True(Vp8Descriptor.TryRead(Convert.FromHexString(hex), out var vp8));
        Assert.Equal(length, vp8.Length);
        Assert.Equal(keyframe, vp8.IsKeyframe);
    }

    [Fact]
    public void Vp8_picture_id_and_tl0picidx_are_rewritten_in_place()
    {
        var payload = Convert.FromHexString(Vp8Keyframe);
        Assert.True(Vp8Descriptor.TryRead(payload, out var before));
        before.WritePictureId(payload, 0x7FFE);
        before.WriteTl0PicIdx(payload, 0xAB);
        Assert.Equal("90F0FFFEABA9", Convert.ToHexString(payload.AsSpan(0, 6)));
        Assert.True(Vp8Descriptor.TryRead(payload, out var after));
        Assert.Equal(0x7FFE, after.PictureId);
        Assert.Equal(0xAB, after.Tl0PicIdx);

        var narrow = Convert.FromHexString("9080057f");
        Assert.True(Vp8Descriptor.TryRead(narrow, out before));
        before.WritePictureId(narrow, 0x1FF);
        before.WriteTl0PicIdx(narrow, 1);
        Assert.Equal("90807F7F", Convert.ToHexString(narrow));
    }

    [Fact]
    public void Vp9_descriptor_with_scalability_structure_is_read()
    {
        var payload = Convert.FromHexString(Vp9Keyframe);
        Assert.True(Vp9Descriptor.TryRead(payload, out var vp9));
        Assert.Equal(payload.Length - 1, vp9.Length);
        Assert.Equal(7, vp9.PictureIdBits);
        Assert.Equal(5, vp9.PictureId);
        Assert.Equal(1, vp9.TemporalId);
        Assert.Equal(0, vp9.SpatialId);
        Assert.True(vp9.IsSwitchingUpPoint);
        Assert.False(vp9.IsInterLayerPredicted);
        Assert.True(vp9.HasTl0PicIdx);
        Assert.Equal(8, vp9.Tl0PicIdx);
        Assert.True(vp9.IsStartOfFrame && vp9.IsEndOfFrame && vp9.IsKeyframe);
        Assert.Equal(2, vp9.SpatialLayerCount);
        Assert.True(vp9.TryGetResolution(payload, 0, out var width, out var height));
        Assert.Equal((320, 180), ((int)width, (int)height));
        Assert.True(vp9.TryGetResolution(payload, 1, out width, out height));
        Assert.Equal((640, 360), ((int)width, (int)height));
        Assert.False(vp9.TryGetResolution(payload, 2, out _, out _));

        vp9.WritePictureId(payload, 0x83);
        vp9.WriteTl0PicIdx(payload, 0x99);
        Assert.Equal("AE033099", Convert.ToHexString(payload.AsSpan(0, 4)));
    }

    [Theory]
    [InlineData("f8" + "8123" + "22" + "03" + "04" + "ff", 6, false)] // I P L F B, 15-bit id, SID 1, two references
    [InlineData("a8" + "05" + "03" + "01" + "ff", 4, false)] // an upper layer of a key picture: SID 1 D
    [InlineData("a0" + "05" + "00" + "01" + "ff", 4, false)] // no B: a later packet
    [InlineData("88" + "05" + "ff", 2, true)] // no layers
    public void Vp9_descriptor_forms_and_keyframes(string hex, int length, bool keyframe)
    {
        Assert.True(Vp9Descriptor.TryRead(Convert.FromHexString(hex), out var vp9));
        Assert.Equal(length, vp9.Length);
        Assert.Equal(keyframe, vp9.IsKeyframe);
    }

    [Fact]
    public void Vp9_with_more_than_three_references_is_refused()
    {
        Assert.False(Vp9Descriptor.TryRead(Convert.FromHexString("5803030304ff"), out _));
        Assert.True(Vp9Descriptor.TryRead(Convert.FromHexString("58030304ff"), out var vp9));
        Assert.Equal(4, vp9.Length);
    }

    [Theory]
    [InlineData("65aabb", true)] // IDR
    [InlineData("41aabb", false)] // slice
    [InlineData("6742", true)] // SPS
    [InlineData("7800026742000268ce", true)] // STAP-A: SPS, PPS
    [InlineData("7800020968000241aa", false)] // STAP-A: AUD, slice
    [InlineData("7c85aa", true)] // FU-A, start of an IDR
    [InlineData("7c05aa", false)] // FU-A, middle of an IDR
    [InlineData("7c81aa", false)] // FU-A, start of a slice
    [InlineData("7800056742", false)] // STAP-A, too long a size
    [InlineData("7c", false)] // FU-A without its header
    [InlineData("00", false)]
    [InlineData("", false)]
    public void H264_keyframe_is_an_IDR_or_its_parameter_set(string hex, bool keyframe) =>
        Assert.Equal(keyframe, KeyframeDetector.IsKeyframe(Codec.H264, Convert.FromHexString(hex)));

    [Fact]
    public void H264_payloads_give_their_units()
    {
        Assert.True(H264Payload.TryRead(Convert.FromHexString("7800026742000368ce3c"), out var h264));
        var units = new List<string>();
        foreach (var unit in h264)
        {
            units.Add(Convert.ToHexString(unit));
        }

        Assert.Equal(["6742", "68CE3C"], units);

        Assert.True(H264Payload.TryRead(Convert.FromHexString("7c85aabb"), out h264));
        Assert.True(h264.IsFragmentStart);
        Assert.False(h264.IsFragmentEnd);
        Assert.Equal(0x65, h264.FragmentedNalHeader);
        Assert.Equal("AABB", Convert.ToHexString(h264.Fragment));
        Assert.False(h264.GetEnumerator().MoveNext());
    }

    [Theory]
    [InlineData("18" + "0a01", true)] // W = 1, N, sequence header
    [InlineData("10" + "0a01", false)] // no N
    [InlineData("18" + "3201", false)] // N without sequence header
    [InlineData("28" + "021200" + "0a0b", true)] // W = 2: temporal delimiter with length, sequence header without
    [InlineData("08" + "020a01" + "023201", true)] // W = 0: every element has a length
    [InlineData("08" + "050a01", false)] // a length past the end
    [InlineData("98" + "0a01", false)] // Z and N exclude each other
    [InlineData("38" + "010a", false)] // W = 3 but one element
    [InlineData("08" + "ffffffffff0f", false)] // a length that never ends
    public void Av1_keyframe_is_a_new_sequence_with_its_header(string hex, bool keyframe) =>
        Assert.Equal(keyframe, KeyframeDetector.IsKeyframe(Codec.Av1, Convert.FromHexString(hex)));

    [Fact]
    public void Av1_fragment_has_no_header()
    {
        Assert.True(Av1Payload.TryRead(Convert.FromHexString("e0" + "010a" + "3201"), out var av1));
        Assert.True(av1.StartsWithFragment && av1.EndsWithFragment);
        var walk = av1.GetEnumerator();
        Assert.True(walk.MoveNext());
        Assert.True(walk.Current.ContinuesPrevious);
        Assert.Equal(0, walk.Current.Type);
        Assert.True(walk.MoveNext());
        Assert.Equal(Av1ObuType.Frame, walk.Current.Type);
        Assert.False(walk.MoveNext());
    }

    [Fact]
    public void Dependency_descriptor_gives_its_mandatory_part()
    {
        Assert.True(DependencyDescriptor.TryRead(Convert.FromHexString("c51234"), out var descriptor));
        Assert.Equal(new DependencyDescriptor(true, true, 5, 0x1234, false, false), descriptor);
        Assert.True(DependencyDescriptor.TryRead(Convert.FromHexString("8300ff80"), out descriptor));
        Assert.Equal(new DependencyDescriptor(true, false, 3, 0x00FF, true, false), descriptor);
        Assert.False(DependencyDescriptor.TryRead(Convert.FromHexString("c512"), out _));
    }

    [Fact]
    public void Hostile_bytes_never_throw()
    {
        string[] samples = [Vp8Keyframe, Vp9Keyframe, "f88123220304ff", "7800026742000368ce3c", "7c85aabb", "28021200" + "0a0b", "08020a01023201"];
        foreach (var sample in samples)
        {
            Seeded.Torment(Convert.FromHexString(sample), payload =>
            {
                foreach (var codec in Enum.GetValues<Codec>())
                {
                    KeyframeDetector.IsKeyframe(codec, payload);
                }

                if (Vp8Descriptor.TryRead(payload, out var vp8))
                {
                    Assert.InRange(vp8.Length, 1, payload.Length);
                    vp8.WritePictureId(payload, 0x7FFF);
                    vp8.WriteTl0PicIdx(payload, 1);
                }

                if (Vp9Descriptor.TryRead(payload, out var vp9))
                {
                    Assert.InRange(vp9.Length, 1, payload.Length);
                    for (var layer = -1; layer < 9; layer++)
                    {
                        vp9.TryGetResolution(payload, layer, out _, out _);
                    }

                    vp9.WritePictureId(payload, 0x7FFF);
                    vp9.WriteTl0PicIdx(payload, 1);
                }

                if (H264Payload.TryRead(payload, out var h264))
                {
                    foreach (var unit in h264)
                    {
                        Assert.False(unit.IsEmpty);
                    }

                    _ = h264.Fragment.Length + h264.FragmentedNalHeader;
                }

                DependencyDescriptor.TryRead(payload, out _);
            });
        }
    }
}
