using Events.Platform.Composition;
using Events.Rtc.Signalling.Tokens;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;

namespace Events.Platform.Roles;

/// <summary>
/// <c>--rotate-keys</c>: lets a new key sign while the roles run. What the old one signed is good until it ends by itself; with
/// <c>--at-once</c>, for a key that a stranger may have, nothing of it is.
/// </summary>
internal static class KeyRotation
{
    /// <summary>Everything that there is to rotate.</summary>
    public const string All = "all";

    /// <summary>The ring that protects cookies and client secrets (ASP.NET Core data protection), which also rotates by itself every 90 days.</summary>
    public const string Cookies = "cookies";

    public static IReadOnlyList<string> Names => [.. KeyRings.Lifetimes.Keys, .. KeyRings.SecretLifetimes.Keys, Cookies];

    public static int Run(NodeOptions options)
    {
        _ = NodeKeys.LoadOrCreate(options.DataDirectory);
        foreach (var name in options.RotateKeys == All ? Names : [options.RotateKeys!])
        {
            Console.WriteLine($"{name}: {Rotate(options, name)} from now on.");
        }

        return 0;
    }

    private static string Rotate(NodeOptions options, string name)
    {
        if (name == Cookies)
        {
            return $"{RotateCookies(options)} signs";
        }

        if (KeyRings.Lifetimes.TryGetValue(name, out var life))
        {
            return $"{SigningKeyRing.Rotate(options.KeysDirectory, name, options.AtOnce ? TimeSpan.Zero : life, DateTimeOffset.UtcNow)} signs";
        }

        // A secret has no name to print.
        SecretRing.Rotate(options.KeysDirectory, name, options.AtOnce ? TimeSpan.Zero : KeyRings.SecretLifetimes[name], DateTimeOffset.UtcNow);
        return "a new secret is used";
    }

    /// <summary>A platform that runs takes the new key within a day, or at its next start.</summary>
    private static string RotateCookies(NodeOptions options)
    {
        using var services = new ServiceCollection().AddCookieKeys(options.KeysDirectory).BuildServiceProvider();
        var keys = services.GetRequiredService<IKeyManager>();
        var now = DateTimeOffset.UtcNow;
        if (options.AtOnce)
        {
            keys.RevokeAllKeys(now, "rotated at once");
        }

        return keys.CreateNewKey(now, now.AddDays(90)).KeyId.ToString();
    }

    /// <summary>Where cookies' keys are kept.</summary>
    public static IServiceCollection AddCookieKeys(this IServiceCollection services, string keysDirectory)
    {
        services.AddDataProtection().SetApplicationName("events").PersistKeysToFileSystem(new DirectoryInfo(Path.Combine(keysDirectory, Cookies)));
        return services;
    }
}
