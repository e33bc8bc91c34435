%% Erlang's side of the workloads: one module, one workload a run.
%%
%%   erlc bench.erl && erl +P 4194304 -noshell -s bench main -extra WORKLOAD N
%%
%% Processes are plain ones and messages plain sends, as the shortest program would have them;
%% `call` is gen_server's, supervisors are OTP's. What each workload is, and what Erlang's differ
%% in, is told in `benches/README.md`.
-module(bench).
-behaviour(supervisor).

-export([main/0]).
-export([init/1, handle_call/3, handle_cast/2]).
-export([child_start/2, child_init/3, faulty_start/1, faulty_init/2, leaf_start/0, leaf/0, tree_start/1]).
-export([spawner/4, mayfly/1, resident/2, pong/0, ring/2, sink/3, source/2, player/4, node/3, echo/0,
         hog/1, ticker/4, sleeper/5, observer/4, star/0, hand_keeper/1, hand_child/1]).

main() ->
    logger:set_primary_config(level, none),
    [Workload, Size | _] = init:get_plain_arguments(),
    N = list_to_integer(Size),
    {Pid, Monitor} = spawn_monitor(fun() -> run(Workload, N) end),
    receive
        {'DOWN', Monitor, process, Pid, normal} -> halt(0);
        {'DOWN', Monitor, process, Pid, Why} ->
            io:format(standard_error, "~p~n", [Why]),
            halt(1)
    end.

%% ---- what all share

now_ns() -> erlang:monotonic_time(nanosecond).

line(Name, N, Since, Ops) -> line(Name, N, Since, Ops, "", []).
line(Name, N, Since, Ops, Format, Values) ->
    Ns = now_ns() - Since,
    S = Ns / 1.0e9,
    {Cpu, _} = statistics(runtime),
    io:format("~s erlang ~p ~.6f ~.1f ns_per_op=~.2f cpu_s=~.3f peak_mb=~.1f " ++ Format ++ "~n",
              [Name, N, S, Ops / S, Ns / Ops, Cpu / 1000.0, status(<<"VmHWM:">>) / 1.0e6 | Values]).

ms(Since) -> (now_ns() - Since) / 1.0e6.

status(Key) ->
    {ok, Text} = file:read_file("/proc/self/status"),
    [Line | _] = [X || X <- binary:split(Text, <<"\n">>, [global]), binary:match(X, Key) =/= nomatch],
    [_, Value | _] = string:lexemes(binary_to_list(Line), " \t"),
    list_to_integer(Value) * 1024.

%% Counts down from N; this process is told of zero.
latch(N) ->
    Counter = atomics:new(1, [{signed, true}]),
    atomics:put(Counter, 1, N),
    {Counter, self()}.
dec({Counter, Main}) -> case atomics:sub_get(Counter, 1, 1) of 0 -> Main ! done; _ -> ok end.
wait() -> receive done -> ok end.

%% Xorshift within 59 bits, so that no number is a big one.
random(X0) ->
    X1 = X0 bxor ((X0 bsl 13) band 16#7ffffffffffffff),
    X2 = X1 bxor (X1 bsr 7),
    X2 bxor ((X2 bsl 17) band 16#7ffffffffffffff).

times(0, _) -> ok;
times(K, Do) -> Do(K), times(K - 1, Do).

%% ---- spawning

spawner(0, _, _, _) -> ok;
spawner(K, F, Args, Opts) -> spawn_opt(?MODULE, F, Args, Opts), spawner(K - 1, F, Args, Opts).

mayfly(Latch) -> dec(Latch).

resident(Sum, Latch) -> receive {add, X} -> dec(Latch), resident(Sum + X, Latch) end.

node(Parent, Number, 1) -> Parent ! Number;
node(Parent, Number, Size) ->
    Part = Size div 10,
    Me = self(),
    [spawn(?MODULE, node, [Me, Number + I * Part, Part]) || I <- lists:seq(0, 9)],
    Parent ! lists:sum([receive X -> X end || _ <- lists:seq(1, 10)]).

%% ---- messages

pong() -> receive {ping, P, X} -> P ! {pong, X}, pong() end.
ping(0, _) -> ok;
ping(K, P) -> P ! {ping, self(), K}, receive {pong, K} -> ping(K - 1, P) end.

init({adder, X}) -> {ok, X};
init({keeper, Driver, How}) ->
    {ok, {#{strategy => one_for_one, intensity => 100000000, period => 1},
          [#{id => child, start => {?MODULE, child_start, [Driver, How]}, shutdown => brutal_kill}]}};
init({workshop, Latch}) ->
    {ok, {#{strategy => one_for_one, intensity => 100000000, period => 1},
          [#{id => I, start => {?MODULE, faulty_start, [Latch]}} || I <- lists:seq(1, 8)]}};
init(bush) ->
    {ok, {#{strategy => simple_one_for_one}, [#{id => leaf, start => {?MODULE, leaf_start, []}}]}};
init({forest, Side}) ->
    {ok, {#{}, [#{id => I, start => {?MODULE, tree_start, [Side]}, type => supervisor}
                || I <- lists:seq(1, Side)]}};
init({tree, Leaves}) ->
    {ok, {#{}, [#{id => I, start => {?MODULE, leaf_start, []}} || I <- lists:seq(1, Leaves)]}}.

handle_call(X, _From, State) -> {reply, X + 1, State}.
handle_cast(_, State) -> {noreply, State}.

ring(Next, Main) ->
    receive
        {meet, Other} -> ring(Other, Main);
        0 -> Main ! done, ring(Next, Main);
        K -> Next ! K - 1, ring(Next, Main)
    end.

sink(Sum, Total, Main) when Sum =:= Total -> Main ! done;
sink(Sum, Total, Main) -> receive X -> sink(Sum + X, Total, Main) end.
source(0, _) -> ok;
source(K, P) -> P ! 1, source(K - 1, P).

player(Left, Random, Peers, Latch) ->
    receive
        {meet, All} -> player(Left, Random, All, Latch);
        {ping, From} -> From ! pong, player(Left, Random, Peers, Latch);
        pong when Left =:= 0 -> dec(Latch), player(Left, Random, Peers, Latch);
        pong ->
            R = random(Random),
            element(R rem 1000 + 1, Peers) ! {ping, self()},
            player(Left - 1, R, Peers, Latch)
    end.

%% ---- ends

child_start(Driver, How) -> proc_lib:start_link(?MODULE, child_init, [self(), Driver, How]).
child_init(Parent, Driver, How) ->
    proc_lib:init_ack(Parent, {ok, self()}),
    Driver ! {up, self()},
    receive crash -> erlang:How(crash) end.

hand_keeper(Driver) ->
    {_, Monitor} = spawn_monitor(?MODULE, hand_child, [Driver]),
    receive {'DOWN', Monitor, process, _, _} -> hand_keeper(Driver) end.
hand_child(Driver) -> Driver ! {up, self()}, receive crash -> exit(crash) end.

crash(0, _) -> ok;
crash(K, Child) -> Child ! crash, receive {up, Next} -> crash(K - 1, Next) end.

supervise(Name, N, How) ->
    process_flag(trap_exit, true),
    {ok, _} = supervisor:start_link(?MODULE, {keeper, self(), How}),
    receive {up, Child} -> ok end,
    Since = now_ns(),
    crash(N, Child),
    line(Name, N, Since, N).

faulty_start(Latch) -> proc_lib:start_link(?MODULE, faulty_init, [self(), Latch]).
faulty_init(Parent, Latch) ->
    proc_lib:init_ack(Parent, {ok, self()}),
    dec(Latch),
    exit(crash).

star() ->
    receive
        fade -> exit(burnt_out);
        {passed, Latch} -> dec(Latch), star()
    end.
observer(Star, Ready, Seen, _) ->
    Monitor = monitor(process, Star),
    dec(Ready),
    receive {'DOWN', Monitor, process, _, _} -> dec(Seen) end.

relate(Name, N, Do) ->
    Star = spawn(?MODULE, star, []),
    Latch = latch(1),
    Since = now_ns(),
    spawn(fun() -> times(N, fun(_) -> Do(Star) end), Star ! {passed, Latch} end),
    wait(),
    line(Name, N, Since, N).

leaf_start() -> {ok, spawn_link(?MODULE, leaf, [])}.
leaf() -> receive stop -> ok end.
tree_start(Leaves) -> supervisor:start_link(?MODULE, {tree, Leaves}).

stop(Name, Args, Children, N) ->
    process_flag(trap_exit, true),
    {ok, Root} = supervisor:start_link(?MODULE, Args),
    Children(Root),
    Since = now_ns(),
    exit(Root, shutdown),
    receive {'EXIT', Root, shutdown} -> ok end,
    line(Name, N, Since, N, "total_ms=~.1f", [ms(Since)]).

%% ---- names

names(Of) -> list_to_tuple([list_to_atom(Of ++ integer_to_list(I)) || I <- lists:seq(1, 1000)]).

%% Two processes, N / 2 times each.
by_two(Name, N, Both) ->
    Latch = latch(2),
    Since = now_ns(),
    [spawn(fun() -> Do(N div 2), dec(Latch) end) || Do <- Both],
    wait(),
    line(Name, N, Since, N).

look(_, _, 0) -> ok;
look(Names, Random, K) ->
    R = random(Random),
    true = is_pid(whereis(element(R rem 1000 + 1, Names))),
    look(Names, R, K - 1).

play(_, 0) -> ok;
play(Roles, K) ->
    Role = element(K rem 1000 + 1, Roles),
    register(Role, self()),
    unregister(Role),
    play(Roles, K - 1).

raise(_, 0) -> ok;
raise(Name, K) ->
    {_, Monitor} = spawn_monitor(fun() -> register(Name, self()) end),
    receive {'DOWN', Monitor, process, _, normal} -> raise(Name, K - 1) end.

%% ---- time

delay(I) -> (I * 7919) rem 1000 + 1.

sleeper(Delay, Latch, Histogram, Most, _) ->
    Due = erlang:monotonic_time(microsecond) + Delay * 1000,
    receive after Delay -> ok end,
    Late = max(0, erlang:monotonic_time(microsecond) - Due),
    counters:add(Histogram, min(Late div 100, 99999) + 1, 1),
    raise_to(Most, Late),
    dec(Latch).
raise_to(Cell, V) ->
    Old = atomics:get(Cell, 1),
    if
        V > Old ->
            case atomics:compare_exchange(Cell, 1, Old, V) of ok -> ok; _ -> raise_to(Cell, V) end;
        true -> ok
    end.
quantile(Histogram, N, Q) -> quantile(Histogram, trunc(N * Q), 0, 1).
quantile(Histogram, Wanted, Sum, I) ->
    Next = Sum + counters:get(Histogram, I),
    if
        Next > Wanted; I >= 100000 -> (I - 1) / 10;
        true -> quantile(Histogram, Wanted, Next, I + 1)
    end.

echo() -> receive {ping, P} -> P ! pong, echo() end.
hog(N) -> hog((N * 1103515245 + 12345) band 16#ffffffff).
%% A tick each millisecond; one that is due while another is under way is left out.
ticker(Echo, Main, Next, Ticks) ->
    erlang:start_timer(Next, self(), tick, [{abs, true}]),
    receive
        {timeout, _, tick} ->
            Echo ! {ping, self()},
            receive pong -> ok end,
            Late = now_ns() - Next * 1000000,
            Now = erlang:monotonic_time(millisecond),
            ticker(Echo, Main, max(Next + 1, Now + 1), [Late | Ticks]);
        {stop, P} -> P ! {ticks, Ticks}
    end.

fair(Name, N) ->
    Echo = spawn(?MODULE, echo, []),
    First = erlang:monotonic_time(millisecond) + 1,
    Ticker = spawn(?MODULE, ticker, [Echo, self(), First, []]),
    timer:sleep(100),
    [spawn(?MODULE, hog, [I]) || I <- lists:seq(1, 8)],
    %% This process is not in the race: it must wake to end it.
    process_flag(priority, max),
    Since = now_ns(),
    timer:sleep(5000),
    Ticker ! {stop, self()},
    %% Those of before the hogs are the last hundred.
    Ticks = receive {ticks, All} -> lists:sublist(All, max(1, length(All) - 100)) end,
    K = length(Ticks),
    Sorted = list_to_tuple(lists:sort(Ticks)),
    At = fun(Q) -> element(min(K, trunc(K * Q) + 1), Sorted) / 1000 end,
    line(Name, N, Since, K,
         "ticks=~p of=5000 lat_p50_us=~.1f lat_p99_us=~.1f lat_p999_us=~.1f lat_max_us=~.1f",
         [K, At(0.5), At(0.99), At(0.999), At(1.0)]).

%% ---- the workloads

run(W = "spawn_exit", N) ->
    Latch = latch(N div 2 * 2), Since = now_ns(),
    [spawn(?MODULE, spawner, [N div 2, mayfly, [Latch], []]) || _ <- [1, 2]],
    wait(), line(W, N, Since, N);
run(W = "spawn_alive", N) ->
    Latch = latch(N),
    erlang:garbage_collect(),
    Before = status(<<"VmRSS:">>),
    Since = now_ns(),
    times(N, fun(K) -> spawn(?MODULE, resident, [0, Latch]) ! {add, K} end),
    wait(),
    line(W, N, Since, N, "bytes_per=~.1f", [(status(<<"VmRSS:">>) - Before) / N]);
run(W = "skynet", N) ->
    Since = now_ns(),
    spawn(?MODULE, node, [self(), 0, N]),
    Sum = receive X -> X end,
    Sum = N * (N - 1) div 2,
    line(W, N, Since, N, "total_ms=~.1f", [ms(Since)]);
run(W = "ping_pong", N) ->
    P = spawn(?MODULE, pong, []), Since = now_ns(), ping(N, P), line(W, N, Since, 2 * N);
run(W = "call", N) ->
    {ok, P} = gen_server:start(?MODULE, {adder, 0}, []),
    Since = now_ns(),
    times(N, fun(K) -> gen_server:call(P, K) end),
    line(W, N, Since, N);
run(W = "thread_ring", N) ->
    Ring = [First | Rest] = [spawn(?MODULE, ring, [none, self()]) || _ <- lists:seq(1, 503)],
    [P ! {meet, Next} || {P, Next} <- lists:zip(Ring, Rest ++ [First])],
    Since = now_ns(), First ! N, wait(), line(W, N, Since, N);
run(W = "fan_in", N) ->
    P = spawn(?MODULE, sink, [0, 100 * N, self()]), Since = now_ns(),
    [spawn(?MODULE, source, [N, P]) || _ <- lists:seq(1, 100)],
    wait(), line(W, N, Since, 100 * N);
run(W = "big", N) ->
    Latch = latch(1000),
    Seed = fun(I) -> I * 16#9E3779B97F4A7 + 1 end,
    Players = [spawn(?MODULE, player, [N, Seed(I), {}, Latch]) || I <- lists:seq(1, 1000)],
    [P ! {meet, list_to_tuple(Players)} || P <- Players],
    Since = now_ns(), [P ! pong || P <- Players], wait(),
    line(W, N, Since, 2 * 1000 * N);
run(W = "supervise", N) -> supervise(W, N, error);
run(W = "supervise_error", N) -> supervise(W, N, exit);
run(W = "supervise_hand", N) ->
    spawn(?MODULE, hand_keeper, [self()]),
    receive {up, Child} -> ok end,
    Since = now_ns(), crash(N, Child), line(W, N, Since, N);
run(W = "restart", N) ->
    process_flag(trap_exit, true),
    Latch = latch(N), Since = now_ns(),
    [{ok, _} = supervisor:start_link(?MODULE, {workshop, Latch}) || _ <- [1, 2]],
    wait(), line(W, N, Since, N);
run(W = "monitor", N) ->
    Star = spawn(?MODULE, star, []),
    {Ready, Seen} = {latch(N), latch(N)},
    [spawn(?MODULE, observer, [Star, Ready, Seen, none]) || _ <- lists:seq(1, N)],
    wait(),
    timer:sleep(200),
    Since = now_ns(), Star ! fade, wait(),
    line(W, N, Since, N, "total_ms=~.2f", [ms(Since)]);
run(W = "monitor_cost", N) ->
    relate(W, N, fun(Star) -> demonitor(monitor(process, Star)) end);
run(W = "monitor_set", N) -> relate(W, N, fun(Star) -> monitor(process, Star) end);
run(W = "link_cost", N) -> relate(W, N, fun(Star) -> link(Star), unlink(Star) end);
run(W = "registry_lookup", N) ->
    Names = names("shop"),
    [register(Name, spawn(?MODULE, leaf, [])) || Name <- tuple_to_list(Names)],
    by_two(W, N, [fun(K) -> look(Names, Seed, K) end || Seed <- [16#9E3779B97F4A7, 16#3C6EF372FE94F]]);
run(W = "registry_register", N) ->
    by_two(W, N, [fun(K) -> play(Roles, K) end || Roles <- [names("hero"), names("villain")]]);
run(W = "registry_exit", N) ->
    by_two(W, N, [fun(K) -> raise(Name, K) end || Name <- [junior, minor]]);
run(W = "stop_tree", N) ->
    stop(W, bush, fun(Root) -> times(N, fun(_) -> {ok, _} = supervisor:start_child(Root, []) end) end, N);
run(W = "stop_forest", N) ->
    Side = trunc(math:sqrt(N)),
    stop(W, {forest, Side}, fun(_) -> ok end, Side * Side);
run(W = "timers", N) ->
    Latch = latch(N),
    Histogram = counters:new(100001, [write_concurrency]),
    Most = atomics:new(1, []),
    Since = now_ns(),
    spawn(fun() ->
        times(N, fun(I) -> spawn(?MODULE, sleeper, [delay(I), Latch, Histogram, Most, none]) end)
    end),
    wait(),
    line(W, N, Since, N, "late_p50_ms=~.1f late_p99_ms=~.1f late_max_ms=~.1f",
         [quantile(Histogram, N, 0.5), quantile(Histogram, N, 0.99), atomics:get(Most, 1) / 1000]);
run(W = "fair_cpu", N) -> fair(W, N);
run(W, N) -> io:format("~s erlang ~p NA NA no_such_feature~n", [W, N]).
