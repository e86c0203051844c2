using Microsoft.AspNetCore.Http.HttpResults;

namespace Events.Platform.Composition;

/// <summary>What a use case ends in: its value, or what the caller did wrong.</summary>
public readonly record struct Outcome<T>(T? Value, ApiError? Error)
    where T : class
{
    public static implicit operator Outcome<T>(T value) => new(value, null);

    public static implicit operator Outcome<T>(ApiError error) => new(null, error);

    /// <summary>200 with the value, or the problem.</summary>
    public Results<Ok<T>, ProblemHttpResult> ToOk() => Error is null ? TypedResults.Ok(Value!) : Error.ToResult();

    /// <summary>201 with the value and where it is found, or the problem.</summary>
    public Results<Created<T>, ProblemHttpResult> ToCreated(Func<T, string> location) =>
        Error is null ? TypedResults.Created(location(Value!), Value!) : Error.ToResult();
}
