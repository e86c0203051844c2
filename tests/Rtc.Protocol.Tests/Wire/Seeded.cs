namespace Events.Tests.Rtc.Protocol.Tests.Wire;

/// <summary>Runs a property over many seeds and names the seed that breaks it.</summary>
internal static class Seeded
{
    public static void Run(int rounds, Action<Random> property)
    {
        for (var seed = 1; seed <= rounds; seed++)
        {
            try
            {
                property(new Random(seed));
            }
            catch (Exception failure)
            {
                throw new Xunit.Sdk.XunitException($"seed {seed}: {failure.Message}", failure);
            }
        }
    }

    public static byte[] Bytes(this Random random, int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    /// <summary>Feeds every prefix of a sample, copies of it with flipped bytes, and pure noise of several lengths.</summary>
    public static void Torment(byte[] sample, Action<byte[]> read)
    {
        for (var length = 0; length <= sample.Length; length++)
        {
            read(sample[..length]);
        }

        Run(400, random =>
        {
            var mutant = sample.ToArray();
            for (var flips = random.Next(1, 6); flips > 0 && mutant.Length > 0; flips--)
            {
                mutant[random.Next(mutant.Length)] = (byte)random.Next(256);
            }

            read(mutant);
            read(random.Bytes(random.Next(0, 80)));
        });
    }
}
