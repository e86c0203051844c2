using System.Reflection;
using System.Text.Json;
using BenchmarkDotNet.Attributes;

namespace Events.Benchmarks.Micro;

/// <summary>
/// Holds every benchmark to the bytes that <c>allocations.json</c> allows it per operation. A benchmark that is not listed there, or listed and
/// gone, fails too, so that the list stays true.
/// </summary>
internal static class AllocationGate
{
    private const int WarmUp = 2_000;
    private const int Operations = 20_000;

    /// <summary>The number of benchmarks that exceed their allowance.</summary>
    public static int Run(string listPath)
    {
        var allowed = JsonSerializer.Deserialize<Dictionary<string, long>>(File.ReadAllText(listPath)) ?? [];
        var seen = new HashSet<string>();
        var failed = 0;
        foreach (var type in typeof(AllocationGate).Assembly.GetTypes().Where(t => Methods(t).Any()))
        {
            foreach (var (instance, parameters) in Instances(type))
            {
                type.GetMethods().SingleOrDefault(m => m.GetCustomAttribute<GlobalSetupAttribute>() is not null)?.Invoke(instance, null);
                foreach (var method in Methods(type))
                {
                    var name = $"{type.Name}.{method.Name}{parameters}";
                    seen.Add(name);
                    var bytes = Measure(instance, method);
                    var known = allowed.TryGetValue(name, out var limit);
                    var good = known && bytes <= limit;
                    failed += good ? 0 : 1;
                    Console.WriteLine($"{(good ? "ok  " : "FAIL")} {name}: {bytes} B per operation, allowed {(known ? limit : "nothing (not listed)")}");
                }

                type.GetMethods().SingleOrDefault(m => m.GetCustomAttribute<GlobalCleanupAttribute>() is not null)?.Invoke(instance, null);
            }
        }

        foreach (var gone in allowed.Keys.Except(seen))
        {
            failed++;
            Console.WriteLine($"FAIL {gone}: listed, but there is no such benchmark");
        }

        return failed;
    }

    private static IEnumerable<MethodInfo> Methods(Type type) => type.GetMethods().Where(m => m.GetCustomAttribute<BenchmarkAttribute>() is not null);

    private static long Measure(object instance, MethodInfo method)
    {
        // A typed delegate: reflection would box what the benchmark returns.
        var measure = typeof(AllocationGate).GetMethod(nameof(MeasureTyped), BindingFlags.NonPublic | BindingFlags.Static)!.MakeGenericMethod(method.ReturnType);
        return (long)measure.Invoke(null, [instance, method])!;
    }

    private static long MeasureTyped<T>(object instance, MethodInfo method)
    {
        var operation = method.CreateDelegate<Func<T>>(instance);
        for (var i = 0; i < WarmUp; i++)
        {
            operation();
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Operations; i++)
        {
            operation();
        }

        return (GC.GetAllocatedBytesForCurrentThread() - before + Operations - 1) / Operations;
    }

    private static IEnumerable<(object Instance, string Parameters)> Instances(Type type)
    {
        IEnumerable<List<(PropertyInfo Property, object? Value)>> combinations = [[]];
        foreach (var property in type.GetProperties())
        {
            if (property.GetCustomAttribute<ParamsAttribute>() is { } parameters)
            {
                combinations = combinations.SelectMany(c => parameters.Values.Select(v => c.Append((property, v)).ToList()));
            }
        }

        foreach (var combination in combinations.ToList())
        {
            var instance = Activator.CreateInstance(type)!;
            combination.ForEach(c => c.Property.SetValue(instance, c.Value));
            yield return (instance, combination.Count == 0 ? "" : $"({string.Join(", ", combination.Select(c => c.Value))})");
        }
    }
}
