using System.Text;

namespace Events.Rtc.Rooms;

/// <summary>
/// What surrounds the bytes of a data message on its channel: one byte with the number of names, each name as one byte of length and its ASCII, then the
/// payload. On the way in the names are the participants that it is for (none: the room), on the way out the one that it is from.
/// </summary>
internal static class DataMessage
{
    public const int MaxReliablePayload = 16_384;
    public const int MaxLossyPayload = 1_200;
    public const int MaxNames = 16;

    /// <summary>Our participants' ids are shorter.</summary>
    public const int MaxNameBytes = 40;

    /// <summary>What SCTP has to take.</summary>
    public const int MaxBytes = MaxReliablePayload + 1 + (MaxNames * (1 + MaxNameBytes));

    /// <summary>False when it is malformed or longer than its channel allows.</summary>
    public static bool TryRead(ReadOnlySpan<byte> message, bool reliable, List<string> names, out ReadOnlySpan<byte> payload)
    {
        names.Clear();
        payload = default;
        if (message.IsEmpty || message[0] > MaxNames)
        {
            return false;
        }

        var count = message[0];
        message = message[1..];
        for (var i = 0; i < count; i++)
        {
            if (message.IsEmpty || message[0] is 0 or > MaxNameBytes || message.Length <= message[0] || !Ascii.IsValid(message.Slice(1, message[0])))
            {
                return false;
            }

            names.Add(Encoding.ASCII.GetString(message.Slice(1, message[0])));
            message = message[(1 + message[0])..];
        }

        payload = message;
        return payload.Length <= (reliable ? MaxReliablePayload : MaxLossyPayload);
    }

    public static byte[] Write(string from, ReadOnlySpan<byte> payload)
    {
        var message = new byte[2 + from.Length + payload.Length];
        message[0] = 1;
        message[1] = (byte)from.Length;
        Encoding.ASCII.GetBytes(from, message.AsSpan(2));
        payload.CopyTo(message.AsSpan(2 + from.Length));
        return message;
    }
}
