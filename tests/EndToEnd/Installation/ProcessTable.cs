using System.Globalization;
using System.Runtime.InteropServices;

namespace Events.Tests.EndToEnd.Installation;

/// <summary>Signals by their number in signal(7).</summary>
public enum Signal
{
    Kill = 9,
    Terminate = 15,
    Stop = 19,
    Continue = 18,
}

/// <param name="Pid">Process id.</param>
/// <param name="Parent">Its parent's.</param>
/// <param name="Arguments">Its command line.</param>
public sealed record ProcessRow(int Pid, int Parent, IReadOnlyList<string> Arguments)
{
    public bool HasArguments(string first, string second) =>
        Enumerable.Range(0, Math.Max(0, Arguments.Count - 1)).Any(i => Arguments[i] == first && Arguments[i + 1] == second);

    public bool Mentions(string text) => Arguments.Any(a => a.Contains(text, StringComparison.Ordinal));
}

/// <summary>The kernel's table of processes (proc(5)), and signals to single processes by their id.</summary>
public static partial class ProcessTable
{
    public static IReadOnlyList<ProcessRow> Read()
    {
        var rows = new List<ProcessRow>();
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && TryRead(pid) is { } row)
            {
                rows.Add(row);
            }
        }

        return rows;
    }

    /// <summary>A process and all below it.</summary>
    public static IReadOnlyList<ProcessRow> TreeOf(int root)
    {
        var rows = Read();
        var tree = rows.Where(r => r.Pid == root).ToList();
        for (var i = 0; i < tree.Count; i++)
        {
            tree.AddRange(rows.Where(r => r.Parent == tree[i].Pid));
        }

        return tree;
    }

    public static bool Lives(int pid) => TryRead(pid) is not null;

    public static void Send(int pid, Signal signal)
    {
        if (Kill(pid, (int)signal) != 0)
        {
            throw new InvalidOperationException($"kill({pid}, {signal}): errno {Marshal.GetLastPInvokeError()}.");
        }
    }

    private static ProcessRow? TryRead(int pid)
    {
        try
        {
            // proc(5): pid (comm) state ppid …; comm may hold spaces and parentheses, so the fields start after the last ')'.
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            if (fields[0] == "Z")
            {
                return null;
            }

            var arguments = File.ReadAllText($"/proc/{pid}/cmdline").Split('\0', StringSplitOptions.RemoveEmptyEntries);
            return new(pid, int.Parse(fields[1], CultureInfo.InvariantCulture), arguments);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It has ended between the listing and the reading.
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);
}
