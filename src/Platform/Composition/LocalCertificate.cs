using System.Net;
using System.Net.NetworkInformation;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Events.Platform.Roles;

namespace Events.Platform.Composition;

/// <summary>
/// The certificate of <c>--https</c>: made here, for localhost and every address of this machine, kept for a year in
/// <c>tls/</c> of the data directory, and made anew when the addresses change. Browsers ask once whether to trust it.
/// </summary>
public static class LocalCertificate
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(365);
    private static readonly TimeSpan RenewBefore = TimeSpan.FromDays(30);

    /// <summary>The certificate with its key.</summary>
    public static X509Certificate2 LoadOrCreate(NodeOptions options)
    {
        var path = PathOf(options);
        var addresses = Addresses();
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);

        // Roles start at once: one makes it, the others wait for the lock and find it made.
        using var gate = WaitForLock(path + ".lock");
        if (TryLoad(path, addresses) is { } present)
        {
            return present;
        }

        PrivateFile.Write(path, Create(addresses));
        return X509Certificate2.CreateFromPem(File.ReadAllText(path), File.ReadAllText(path));
    }

    /// <summary>A client for our own roles: with <c>--https</c> it trusts exactly the certificate that we made.</summary>
    public static HttpClient CreateClient(NodeOptions options) => new(CreateHandler(options));

    /// <summary>The handler of <see cref="CreateClient"/>.</summary>
    public static HttpMessageHandler CreateHandler(NodeOptions options)
    {
        var handler = new SocketsHttpHandler { UseProxy = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5), ConnectTimeout = TimeSpan.FromSeconds(2) };
        if (options.Https)
        {
            handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                certificate is not null && File.Exists(PathOf(options)) && SameCertificate(certificate, PathOf(options));
        }

        return handler;
    }

    private static string PathOf(NodeOptions options) => Path.Combine(options.DataDirectory, "tls", "local.pem");

    private static bool SameCertificate(X509Certificate offered, string path)
    {
        using var ours = X509Certificate2.CreateFromPem(File.ReadAllText(path));
        return CryptographicOperations.FixedTimeEquals(offered.GetRawCertData(), ours.RawData);
    }

    private static FileStream WaitForLock(string path)
    {
        var deadline = TimeProvider.System.GetUtcNow() + TimeSpan.FromSeconds(10);
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (TimeProvider.System.GetUtcNow() < deadline)
            {
                Thread.Sleep(20);
            }
        }
    }

    private static X509Certificate2? TryLoad(string path, IReadOnlyList<IPAddress> addresses)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        var pem = File.ReadAllText(path);
        var certificate = X509Certificate2.CreateFromPem(pem, pem);
        var names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(e => e.EnumerateIPAddresses()).ToHashSet();
        if (certificate.NotAfter.ToUniversalTime() - TimeProvider.System.GetUtcNow().UtcDateTime > RenewBefore && addresses.All(names.Contains))
        {
            return certificate;
        }

        certificate.Dispose();
        return null;
    }

    private static string Create(IReadOnlyList<IPAddress> addresses)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Events on this machine", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        foreach (var address in addresses)
        {
            names.AddIpAddress(address);
        }

        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));

        // 1.3.6.1.5.5.7.3.1: serverAuth (RFC 5280 §4.2.1.12), without which Chromium and Safari refuse it.
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddMinutes(-5), now + Lifetime);
        return certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n";
    }

    private static IReadOnlyList<IPAddress> Addresses() =>
        [.. NetworkInterface.GetAllNetworkInterfaces()
            .Where(i => i.OperationalStatus == OperationalStatus.Up)
            .SelectMany(i => i.GetIPProperties().UnicastAddresses)
            .Select(a => new IPAddress(a.Address.GetAddressBytes()))
            .Where(a => !a.IsIPv6LinkLocal)
            .Append(IPAddress.Loopback)
            .Distinct()];
}
