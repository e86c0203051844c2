using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Logging;

namespace Events.Rtc.Signalling.Hubs;

/// <summary>Around every hub call: its rate, its count, and an answer even when we fail.</summary>
internal sealed class HubCallFilter(SignallingMetrics metrics, ILogger<HubCallFilter> logger) : IHubFilter
{
    private static readonly RtcError TooManyRequests = new("too_many_requests", "Too many calls; wait a second.");
    private static readonly RtcError InternalError = new("internal_error", "The call failed on our side; try again.");

    public async ValueTask<object?> InvokeMethodAsync(HubInvocationContext invocation, Func<HubInvocationContext, ValueTask<object?>> next)
    {
        HubConnection connection = RtcHub.ConnectionOf(invocation.Context);
        if (!connection.Budget.TryTake())
        {
            metrics.Called(invocation.HubMethodName, TooManyRequests.Code);
            if (++connection.RefusedCalls == HubConnection.MaxRefusedCalls)
            {
                RtcSignallingLog.CallRateAbused(logger, invocation.Context.ConnectionId);
                invocation.Context.Abort();
            }

            return new Refused(TooManyRequests);
        }

        connection.RefusedCalls = 0;
        try
        {
            object? answer = await next(invocation);
            metrics.Called(invocation.HubMethodName, answer is Refused refused ? refused.Error.Code : "ok");
            return answer;
        }
        catch (Exception exception)
        {
            RtcSignallingLog.CallFailed(logger, invocation.HubMethodName, invocation.Context.ConnectionId, exception);
            metrics.Called(invocation.HubMethodName, InternalError.Code);
            return new Refused(InternalError);
        }
    }
}
