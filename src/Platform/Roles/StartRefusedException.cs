namespace Events.Platform.Roles;

/// <summary>A reason not to start that the operator can mend; its message is the one line to show. Exit code 2.</summary>
public sealed class StartRefusedException(string message) : Exception(message)
{
    public const int ExitCode = 2;
}
