using System.Globalization;
using Events.Tests.Rtc.Fuzz;
using Events.Tests.Rtc.Fuzz.Engine;

// Rtc.Fuzz seeds                    writes the seeds of every target into the corpus
// Rtc.Fuzz TARGET [SECONDS] [SEED]  fuzzes one target, or every one ("all"), on the console
if (args is ["seeds"])
{
    foreach (var name in TargetList.Names)
    {
        using var target = TargetList.Create(name);
        Corpus.WriteSeeds(target);
    }

    return 0;
}

if (args.Length is 0 or > 3 || (args[0] != "all" && !TargetList.Names.Contains(args[0])))
{
    Console.Error.WriteLine($"Name a target: all, {string.Join(", ", TargetList.Names)}");
    return 2;
}

var seconds = args.Length > 1 ? double.Parse(args[1], CultureInfo.InvariantCulture) : 10;
var seed = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : Random.Shared.Next();
var broken = 0;
foreach (var name in args[0] == "all" ? TargetList.Names : [args[0]])
{
    using var target = TargetList.Create(name);
    try
    {
        Console.WriteLine($"{name} (seed {seed}): {new FuzzRun(target, new(int.MaxValue, TimeSpan.FromSeconds(seconds), seed)).Execute()}");
    }
    catch (BrokenInvariantException failure)
    {
        broken++;
        Console.WriteLine(failure.Message);
    }
}

return broken;
