namespace Events.Rtc.Protocol.Wire;

/// <summary>Loudness that the sender measured, from the client-to-mixer header extension (RFC 6464).</summary>
/// <param name="VoiceActivity">The sender believes that this is speech.</param>
/// <param name="MinusDecibels">Level in −dBov: 0 is the loudest, 127 silence.</param>
public readonly record struct AudioLevel(bool VoiceActivity, byte MinusDecibels)
{
    public const byte Silence = 127;

    /// <param name="extension">Value of the element: one byte, or more in the two-byte form (RFC 6464 §3).</param>
    /// <param name="level">The level read.</param>
    public static bool TryRead(ReadOnlySpan<byte> extension, out AudioLevel level)
    {
        level = extension.IsEmpty ? default : new((extension[0] & 0x80) != 0, (byte)(extension[0] & 0x7F));
        return !extension.IsEmpty;
    }

    /// <summary>The one byte of the element's value.</summary>
    public byte Encode() => (byte)((VoiceActivity ? 0x80 : 0) | (MinusDecibels & 0x7F));
}
