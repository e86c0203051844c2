using System.Buffers.Binary;

namespace Events.Rtc.Protocol.Codecs;

/// <summary>
/// The part of the dependency descriptor header extension that needs no template structure to be read (RTP Payload Format for AV1,
/// appendix A.8.1, A.8.2).
/// </summary>
/// <param name="IsStartOfFrame">First packet of a frame.</param>
/// <param name="IsEndOfFrame">Last packet of a frame.</param>
/// <param name="TemplateId">0…63.</param>
/// <param name="FrameNumber">Counts frames, wraps at 16 bits.</param>
/// <param name="HasTemplateStructure">The structure itself follows, as it does on keyframes.</param>
/// <param name="HasActiveDecodeTargets">A bitmask of active decode targets follows.</param>
public readonly record struct DependencyDescriptor(
    bool IsStartOfFrame,
    bool IsEndOfFrame,
    byte TemplateId,
    ushort FrameNumber,
    bool HasTemplateStructure,
    bool HasActiveDecodeTargets)
{
    /// <summary>Flags and template id 1 + frame number 2.</summary>
    private const int MandatoryLength = 3;

    /// <param name="extension">Value of the extension element.</param>
    /// <param name="descriptor">The descriptor read.</param>
    public static bool TryRead(ReadOnlySpan<byte> extension, out DependencyDescriptor descriptor)
    {
        descriptor = default;
        if (extension.Length < MandatoryLength)
        {
            return false;
        }

        var flags = extension.Length > MandatoryLength ? extension[MandatoryLength] : (byte)0;
        descriptor = new(
            (extension[0] & 0x80) != 0,
            (extension[0] & 0x40) != 0,
            (byte)(extension[0] & 0x3F),
            BinaryPrimitives.ReadUInt16BigEndian(extension[1..]),
            (flags & 0x80) != 0,
            (flags & 0x40) != 0);
        return true;
    }
}
