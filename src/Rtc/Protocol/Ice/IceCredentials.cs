using System.Text;

namespace Events.Rtc.Protocol.Ice;

/// <summary>One side's ICE user fragment and password (RFC 8445 §5.3: at least 4 and 22 characters).</summary>
public sealed class IceCredentials
{
    /// <summary>Ours have 8 characters of 6 bits, so that they fit a key of 64 bits.</summary>
    public const int LocalUfragLength = 8;

    /// <summary>24 characters of 6 bits: 144 bits of randomness; RFC 8445 §5.3 asks for 128.</summary>
    public const int LocalPwdLength = 24;

    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    public IceCredentials(string ufrag, string pwd)
    {
        Ufrag = ufrag;
        Pwd = pwd;
        UfragBytes = Encoding.ASCII.GetBytes(ufrag);
        PwdBytes = Encoding.ASCII.GetBytes(pwd);
    }

    public string Ufrag { get; }

    public string Pwd { get; }

    public byte[] UfragBytes { get; }

    public byte[] PwdBytes { get; }

    /// <summary>Ours, as one number: what the worker looks a first check up by.</summary>
    public ulong UfragKey => KeyOf(UfragBytes);

    /// <param name="random">32 random bytes.</param>
    public static IceCredentials FromRandom(ReadOnlySpan<byte> random)
    {
        Span<char> text = stackalloc char[LocalUfragLength + LocalPwdLength];
        for (var i = 0; i < text.Length; i++)
        {
            text[i] = Alphabet[random[i] & 63];
        }

        return new(text[..LocalUfragLength].ToString(), text[LocalUfragLength..].ToString());
    }

    /// <summary>The key of one of our user fragments; 0 when it cannot be ours.</summary>
    public static ulong KeyOf(ReadOnlySpan<byte> ufrag) =>
        ufrag.Length == LocalUfragLength ? System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(ufrag) : 0;
}
