namespace Events.Rtc;

/// <summary>What a caller did wrong or ran into: a stable code and a sentence that says what to do.</summary>
public sealed record RtcError(string Code, string Message);

/// <summary>Either a value or an error.</summary>
public readonly struct RtcResult<T>
{
    private RtcResult(T? value, RtcError? error)
    {
        Value = value;
        Error = error;
    }

    public T? Value { get; }

    public RtcError? Error { get; }

    [System.Diagnostics.CodeAnalysis.MemberNotNullWhen(true, nameof(Value))]
    [System.Diagnostics.CodeAnalysis.MemberNotNullWhen(false, nameof(Error))]
    public bool IsOk => Error is null;

    public static implicit operator RtcResult<T>(T value) => new(value, null);

    public static implicit operator RtcResult<T>(RtcError error) => new(default, error);
}

/// <summary>The value of a result that has nothing to say but "done".</summary>
public readonly record struct Done;
