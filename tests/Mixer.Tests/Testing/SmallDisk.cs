using System.Diagnostics;

namespace Events.Tests.Mixer.Tests.Testing;

/// <summary>A file system of a few megabytes that a test can fill, and give room again. Mounting it takes root.</summary>
public sealed class SmallDisk : IDisposable
{
    private readonly string _mount = Directory.CreateTempSubdirectory("disk-").FullName;

    public SmallDisk(int megabytes)
    {
        Run("mount", "-t", "tmpfs", "-o", $"size={megabytes}m", "tmpfs", _mount);
        Root = Directory.CreateDirectory(Path.Combine(_mount, "root")).FullName;
    }

    /// <summary>A directory on it.</summary>
    public string Root { get; }

    public long Free => new DriveInfo(_mount).AvailableFreeSpace;

    private string Filler => Path.Combine(_mount, "filler");

    /// <summary>Takes all room that is left, but for what fits into the last blocks of files.</summary>
    /// <param name="leave">Bytes that it leaves.</param>
    public void Fill(long leave = 0)
    {
        using var file = new FileStream(Filler, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
        var block = new byte[4096];
        try
        {
            while (Free > leave)
            {
                file.Write(block);
            }
        }
        catch (IOException)
        {
            // Full.
        }
    }

    public void MakeRoom() => File.Delete(Filler);

    public void Dispose()
    {
        Run("umount", "--lazy", _mount);
        Directory.Delete(_mount);
    }

    private static void Run(string command, params string[] arguments)
    {
        using var process = Process.Start(command, arguments);
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{command} ended with {process.ExitCode}; it takes root");
    }
}
