%% A worker of a script: it starts and stops as its plan says, does what it is told, and writes down
%% what it hears.
-module(conform_worker).
-behaviour(gen_server).
-export([start_link/3, start_link/4, start/3, start_monitor/3, start_lamp/1]).
-export([init/1, handle_cast/2, handle_call/3, handle_info/2, terminate/2]).

%% How long a slow worker takes to stop: much longer than the time that scripts give it.
-define(SLOW, 400).

-record(state, {book, sup, id, name, stop, monitors = []}).

%% One of a simple_one_for_one supervisor's.
start_link(Book, Sup, Kid, Id) -> start_link(Book, Sup, Kid#{id => Id}).

start_link(Book, Sup, Kid) -> gen_server:start_link(?MODULE, {Book, Sup, Kid}, options()).

%% Whose parent is gone. (The parent of a gen_server that is started without a link is itself.)
start(Book, Sup, Kid) ->
    Nurse = fun() ->
        {ok, Pid} = start_link(Book, Sup, Kid),
        unlink(Pid)
    end,
    {_, Ref} = spawn_opt(Nurse, [monitor, {priority, high}]),
    receive {'DOWN', Ref, process, _, normal} -> ok end.

start_monitor(Book, Sup, Kid) -> gen_server:start_monitor(?MODULE, {Book, Sup, Kid}, options()).
start_lamp(Book) -> gen_server:start_link(?MODULE, {lamp, Book}, options()).

options() -> [{spawn_opt, [{priority, high}]}].

init({lamp, Book}) ->
    {ok, #state{book = Book, stop = now}};
init({Book, Sup, #{id := Id, plan := Plan, trap := Trap, stop := Stop}}) ->
    {Number, Name} = conform_book:next(Book, Id),
    Outcome = lists:nth(min(Number, length(Plan)), Plan),
    conform_book:log(Book, Sup, ["start", Name, Outcome]),
    case Outcome of
        ignore -> ignore;
        _ ->
            conform_book:enter(Book, Id, Name),
            begin_with(Outcome, Trap, #state{book = Book, sup = Sup, id = Id, name = Name, stop = Stop})
    end.

begin_with(hold, Trap, #state{book = Book, id = Id} = State) ->
    conform_book:held(Book, Id),
    begin_with(ok, Trap, State);
begin_with(holderr, Trap, #state{book = Book, id = Id} = State) ->
    conform_book:held(Book, Id),
    begin_with(err, Trap, State);
begin_with(err, _, _) ->
    {stop, bad};
begin_with(crash, _, _) ->
    error(boom);
begin_with(ok, Trap, #state{book = Book, sup = Sup, name = Name} = State) ->
    process_flag(trap_exit, Trap),
    conform_book:log(Book, Sup, ["ready", Name]),
    {ok, State}.

handle_call(_, _, State) -> {noreply, State}.

handle_cast({stop, Reason}, State) ->
    {stop, Reason, State};
handle_cast(crash, _) ->
    error(boom);
handle_cast({exit, Pid, Reason}, State) ->
    exit(Pid, Reason),
    {noreply, State};
handle_cast({trap, Trap}, State) ->
    process_flag(trap_exit, Trap),
    {noreply, State};
handle_cast({link, Pid}, State) ->
    %% Here a link to the dead is an error of whoever does not trap exits; there it is the exit
    %% signal that others get. Both end the process with noproc; the signal is what is compared.
    try link(Pid) catch error:noproc -> exit(self(), noproc) end,
    {noreply, State};
handle_cast({unlink, Pid}, State) ->
    unlink(Pid),
    {noreply, State};
handle_cast({monitor, Pid}, State) ->
    {noreply, watch(Pid, monitor(process, Pid), State)};
handle_cast({demonitor, Pid}, #state{monitors = Monitors} = State) ->
    case lists:keytake(Pid, 1, Monitors) of
        {value, {_, Ref}, Left} ->
            demonitor(Ref),
            {noreply, State#state{monitors = Left}};
        false ->
            {noreply, State}
    end;
handle_cast({spawn_link, Kid}, #state{book = Book, name = Name} = State) ->
    {ok, _} = start_link(Book, Name, Kid),
    {noreply, State};
handle_cast({spawn_monitor, Kid}, #state{book = Book, name = Name} = State) ->
    {ok, {Pid, Ref}} = start_monitor(Book, Name, Kid),
    {noreply, watch(Pid, Ref, State)}.

watch(Pid, Ref, #state{monitors = Monitors} = State) ->
    State#state{monitors = [{Pid, Ref} | Monitors]}.

handle_info({'EXIT', From, Reason}, #state{book = Book, name = Name} = State) ->
    conform_book:log(Book, Name, ["exit", From, {reason, Reason}]),
    {noreply, State};
handle_info({'DOWN', Ref, process, Pid, Reason}, #state{book = Book, name = Name} = State) ->
    conform_book:log(Book, Name, ["down", Pid, {reason, Reason}]),
    Left = lists:keydelete(Ref, 2, State#state.monitors),
    {noreply, State#state{monitors = Left}};
handle_info(release, State) ->
    {noreply, State}.

terminate(_, #state{sup = undefined}) ->
    ok;
terminate(Reason, #state{book = Book, sup = Sup, id = Id, name = Name, stop = Stop}) ->
    %% Only a supervisor stops with `shutdown`: then it is part of what the supervisor does.
    Stream = case Reason of shutdown -> Sup; _ -> Name end,
    conform_book:log(Book, Stream, ["stop", Name, {reason, Reason}]),
    case Stop of
        now -> ok;
        held -> conform_book:held(Book, Id);
        slow -> conform_book:slow(Book), timer:sleep(?SLOW);
        crash -> error(fall)
    end,
    conform_book:log(Book, Stream, ["stopped", Name]).
