using System.Security.Cryptography;

namespace Events.Tests.Rtc.Fuzz.Engine;

/// <summary>The committed inputs of a target: <c>seed-*</c> to start from, <c>crash-*</c> that once broke it and are tried first for ever.</summary>
internal static class Corpus
{
    /// <summary>The corpus folder of the source tree, so that a crash that is found lands where it is committed.</summary>
    private static readonly string Root = Path.Combine(FindRepository(), "tests", "Rtc.Fuzz", "corpus");

    public static IReadOnlyList<byte[]> Crashes(string target) => Read(target, "crash-*");

    public static IReadOnlyList<byte[]> Seeds(string target) => Read(target, "seed-*");

    /// <summary>Keeps an input that broke a target; returns its file's name.</summary>
    public static string KeepCrash(string target, byte[] input) =>
        Write(target, $"crash-{Convert.ToHexStringLower(SHA256.HashData(input))[..12]}", input);

    /// <summary>Writes a target's seeds; large ones are left to the code that makes them.</summary>
    public static void WriteSeeds(IFuzzTarget target)
    {
        const int MaxCommitted = 16 * 1024;
        var number = 0;
        foreach (var seed in target.Seeds.Where(seed => seed.Length <= MaxCommitted))
        {
            Write(target.Name, $"seed-{number++:D2}", seed);
        }
    }

    private static string Write(string target, string name, byte[] input)
    {
        var folder = Directory.CreateDirectory(Path.Combine(Root, target)).FullName;
        File.WriteAllBytes(Path.Combine(folder, name), input);
        return $"corpus/{target}/{name}";
    }

    private static List<byte[]> Read(string target, string pattern)
    {
        var folder = Path.Combine(Root, target);
        return Directory.Exists(folder)
            ? [.. Directory.GetFiles(folder, pattern).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)]
            : [];
    }

    private static string FindRepository()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Events.sln")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException("The fuzzer runs inside the repository: no Events.sln above the binaries.");
    }
}
