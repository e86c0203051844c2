namespace Events.Rtc.Protocol.Srtp;

/// <summary>DTLS-SRTP protection profiles (RFC 5764 §4.1.2, RFC 7714 §14.2); values are the IANA numbers.</summary>
public enum SrtpProfile : ushort
{
    None = 0,
    Aes128CmHmacSha1Tag80 = 0x0001,
    AeadAes128Gcm = 0x0007,
}

/// <summary>Master keys and salts of both directions, as seen from this side.</summary>
/// <param name="Profile">The negotiated profile.</param>
/// <param name="LocalKey">16 bytes; protects what this side sends.</param>
/// <param name="LocalSalt">12 bytes for GCM, 14 for CM.</param>
/// <param name="RemoteKey">16 bytes; opens what the other side sent.</param>
/// <param name="RemoteSalt">12 bytes for GCM, 14 for CM.</param>
public sealed record SrtpKeys(SrtpProfile Profile, byte[] LocalKey, byte[] LocalSalt, byte[] RemoteKey, byte[] RemoteSalt);
