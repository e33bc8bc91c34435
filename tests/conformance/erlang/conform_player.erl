%% Plays one script: a step, then the barrier, and so on.
-module(conform_player).
-export([play/1]).

play(Script) ->
    Book = conform_book:new(Script),
    Boss = spawn_opt(fun() -> boss(Book) end, [{priority, high}]),
    ets:insert(Book, [{{who, self()}, "stranger"}]),
    barrier(Book),
    steps(Book, Boss, 1, conform_script:steps(Script)),
    Log = conform_book:entries(Book),
    exit(Boss, kill),
    barrier(Book),
    conform_book:close(Book),
    Log.

steps(_, _, _, []) ->
    ok;
steps(Book, Boss, Number, [{How, Step} | Rest]) ->
    conform_book:step(Book, Number),
    step(Book, Boss, Number, Step),
    case How of
        wait -> barrier(Book);
        go -> ok
    end,
    steps(Book, Boss, Number + 1, Rest).

%% Nothing can happen but by the passing of time, and nobody takes their time.
barrier(Book) ->
    erlang:yield(),
    case conform_book:is_slow(Book) of
        true -> timer:sleep(1), barrier(Book);
        false -> ok
    end.

step(_, Boss, _, ["start", Top]) -> Boss ! {start, Top};
step(_, Boss, _, ["parent", Reason]) -> Boss ! {parent, reason(Reason)};
step(Book, _, _, ["exit", Id, Reason]) -> on(Book, Id, fun(Pid) -> exit(Pid, reason(Reason)) end);
step(Book, _, _, ["release", Id]) ->
    case conform_book:holding(Book, Id) of
        none -> ok;
        Pid -> Pid ! release
    end;
step(_, _, _, ["sleep", Millis]) -> timer:sleep(list_to_integer(Millis));
step(Book, _, _, ["stop", Id, Reason]) -> tell(Book, Id, {stop, reason(Reason)});
step(Book, _, _, ["crash", Id]) -> tell(Book, Id, crash);
step(Book, _, _, ["trap", Id, Trap]) -> tell(Book, Id, {trap, Trap =:= "on"});
step(Book, _, _, ["send", Id, Other, Reason]) ->
    on(Book, Other, fun(Pid) -> tell(Book, Id, {exit, Pid, reason(Reason)}) end);
step(Book, _, _, [Relation, Id, Other])
        when Relation =:= "link"; Relation =:= "unlink";
             Relation =:= "monitor"; Relation =:= "demonitor" ->
    on(Book, Other, fun(Pid) -> tell(Book, Id, {list_to_atom(Relation), Pid}) end);
step(Book, _, _, ["spawn", Id, Trap]) ->
    conform_worker:start(Book, Id, free(Id, Trap));
step(Book, _, _, ["spawn_link", Id, New, Trap]) -> tell(Book, Id, {spawn_link, free(New, Trap)});
step(Book, _, _, ["spawn_monitor", Id, New, Trap]) ->
    tell(Book, Id, {spawn_monitor, free(New, Trap)});
step(Book, _, Number, [Request, Sup | Arguments]) ->
    can_ask(Book, Request, Sup) andalso
        on(Book, Sup, fun(Pid) -> ask(Book, Number, Request, Sup, Pid, Arguments) end).

%% Nobody knows a tree that has not started. While somebody is held, only the top is asked, and not
%% how many it has: script.rs says why.
can_ask(Book, Request, Sup) ->
    case ets:lookup(Book, started) of
        [] -> false;
        [{started, Top}] -> not conform_book:is_held(Book) orelse Sup =:= Top andalso Request =/= "count"
    end.

%% Does it to the latest incarnation, if there ever was one.
on(Book, Id, Do) ->
    try conform_book:pid(Book, Id) of
        Pid -> Do(Pid)
    catch
        error:badarg -> ok
    end.

tell(Book, Id, What) -> on(Book, Id, fun(Pid) -> gen_server:cast(Pid, What) end).

free(Id, Trap) -> #{id => Id, plan => [ok], trap => Trap =:= "trap", stop => now}.

reason("shut") -> {shutdown, t};
reason(Reason) -> list_to_atom(Reason).

%% A request has a process of its own, which writes the answer whenever it comes.
ask(Book, Number, Request, Sup, Pid, Arguments) ->
    Name = conform_book:latest(Book, Sup),
    spawn_opt(
        fun() ->
            Answer =
                try request(Book, Name, Request, Pid, Arguments)
                catch
                    exit:{noproc, _} -> "noproc";
                    exit:{Reason, {gen_server, call, _}} -> {reason, Reason}
                end,
            conform_book:log(Book, "answers", [integer_to_list(Number), Request, Answer])
        end,
        [{priority, high}]).

request(Book, _, "which", Pid, []) ->
    Children = [Child || {Id, _, _, _} = Child <- supervisor:which_children(Pid), Id =/= "lamp"],
    lists:join($\s, [[Id, $=, state(Book, State)] || {Id, State, _, _} <- Children]);
request(_, _, "count", Pid, []) ->
    Counts = supervisor:count_children(Pid),
    Numbers = [proplists:get_value(Key, Counts) || Key <- [specs, active, supervisors, workers]],
    lists:join($/, [integer_to_list(Number) || Number <- Numbers]);
request(Book, Name, "add", Pid, Kid) ->
    started(Book, supervisor:start_child(Pid, conform_sup:spec(Book, Name, conform_script:kid(Kid))));
request(Book, _, "grow", Pid, [Id]) -> started(Book, supervisor:start_child(Pid, [Id]));
request(Book, _, "restart", Pid, [Id]) -> started(Book, supervisor:restart_child(Pid, Id));
request(_, _, "terminate", Pid, [Id]) -> done(supervisor:terminate_child(Pid, Id));
request(_, _, "delete", Pid, [Id]) -> done(supervisor:delete_child(Pid, Id)).

state(_, undefined) -> "stopped";
state(_, restarting) -> "restarting";
state(Book, Pid) -> conform_book:who(Book, Pid).

started(_, {ok, undefined}) -> "ignored";
started(Book, {ok, Pid}) -> ["ok ", conform_book:who(Book, Pid)];
started(Book, {error, {already_started, Pid}}) -> ["already_started ", conform_book:who(Book, Pid)];
started(_, {error, Error}) when
        Error =:= already_present; Error =:= running; Error =:= restarting; Error =:= not_found ->
    atom_to_list(Error);
started(Book, {error, {Reason, Child}}) when is_tuple(Child), element(1, Child) =:= child ->
    ["error ", conform_book:reason(Book, Reason)];
started(Book, {error, Reason}) -> ["error ", conform_book:reason(Book, Reason)].

done(ok) -> "ok";
done({error, Error}) -> atom_to_list(Error).

%% The parent of the tree.
boss(Book) ->
    process_flag(trap_exit, true),
    ets:insert(Book, [{{who, self()}, "boss"}, {{pid, "boss"}, self(), "boss"}]),
    boss(Book, none).

boss(Book, Top) ->
    receive
        {start, Id} ->
            case conform_sup:start_link(Book, "boss", Id) of
                {ok, Pid} ->
                    ets:insert(Book, {started, Id}),
                    conform_book:log(Book, "boss", ["started", Pid]),
                    boss(Book, Pid);
                {error, Reason} ->
                    %% Before OTP 26 the exit signal of a start that failed comes as well.
                    receive {'EXIT', _, _} -> ok after 0 -> ok end,
                    conform_book:log(Book, "boss", ["failed", {reason, Reason}]),
                    boss(Book, none)
            end;
        {parent, Reason} ->
            is_pid(Top) andalso exit(Top, Reason),
            boss(Book, Top);
        {'EXIT', Pid, Reason} ->
            conform_book:log(Book, "boss", ["exit", Pid, {reason, Reason}]),
            boss(Book, Top)
    end.
