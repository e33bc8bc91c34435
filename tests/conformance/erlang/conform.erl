%% Reads a file of scripts, plays each one on this Erlang, and writes what happened.
%%
%% The language is described beside the other half of this program, in tests/conformance/script.rs.
%% Lines of the answer: `script NAME`, then `STEP STREAM TEXT` for each event in the order in which
%% it was seen, then `end`.
%%
%% Scripts are played many at a time. What makes that possible is the barrier: this VM has one
%% scheduler, everything that a script starts has priority high, and a player has priority normal. So
%% when a player's yield returns, nothing of any script can happen but by the passing of time.
-module(conform).
-export([main/2]).

-define(PLAYERS, 64).
-define(MODULES, [conform_script, conform_player, conform_book, conform_sup, conform_worker]).

main(From, To) ->
    logger:set_primary_config(level, none),
    %% What would make a process wait in the midst of its work, out of the barrier's sight: loading a
    %% module (OTP's own are there from the start: the VM runs in embedded mode), and the first
    %% question whether a module may log.
    [{module, Module} = code:load_file(Module) || Module <- ?MODULES],
    [logger:allow(error, Module) || Module <- [gen_server, proc_lib, supervisor | ?MODULES]],
    {ok, Text} = file:read_file(From),
    Scripts = conform_script:parse(Text),
    Logs = play_all(Scripts),
    ok = file:write_file(To, [answer(Script, Log) || {Script, Log} <- lists:zip(Scripts, Logs)]).

answer(Script, Log) ->
    Lines = [[integer_to_list(Step), $\s, Stream, $\s, What, $\n] || {Step, Stream, What} <- Log],
    ["script ", conform_script:name(Script), $\n, Lines, "end\n"].

%% The logs, in the order of the scripts.
play_all(Scripts) ->
    {First, Later} = lists:split(min(?PLAYERS, length(Scripts)), Scripts),
    collect([start(Script) || Script <- First], Later, []).

start(Script) ->
    {_Pid, Ref} = spawn_opt(fun() -> exit({log, conform_player:play(Script)}) end, [monitor]),
    Ref.

%% The players end in any order; their logs are taken in the order of their starts.
collect([], [], Logs) ->
    lists:reverse(Logs);
collect([Ref | Running], Later, Logs) ->
    receive
        {'DOWN', Ref, process, _, {log, Log}} ->
            case Later of
                [] -> collect(Running, [], [Log | Logs]);
                [Next | Rest] -> collect(Running ++ [start(Next)], Rest, [Log | Logs])
            end;
        {'DOWN', Ref, process, _, Crash} ->
            collect(Running, Later, [[{0, "crash", io_lib:format("~0p", [Crash])}] | Logs])
    end.
