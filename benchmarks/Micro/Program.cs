using BenchmarkDotNet.Running;
using Events.Benchmarks.Micro;

// Micro allocations [LIST]     holds every benchmark to its allowance in allocations.json; exit code 1 when one exceeds it
// Micro [BenchmarkDotNet's …]  measures times
if (args is ["allocations", .. var list])
{
    return AllocationGate.Run(list is [var path] ? path : Path.Combine(AppContext.BaseDirectory, "allocations.json")) == 0 ? 0 : 1;
}

BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
return 0;
