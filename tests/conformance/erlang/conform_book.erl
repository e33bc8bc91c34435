%% What a script's processes share: the log, who is who, and who waits. One ETS table.
%%
%% The witness is a process of the book: it watches whoever is entered, and writes how each ended.
-module(conform_book).
-export([new/1, close/1, script/1, step/2, log/3, entries/1]).
-export([next/2, enter/3, latest/2, pid/2, who/2, reason/2]).
-export([held/2, holding/2, is_held/1, slow/1, is_slow/1]).

new(Script) ->
    Book = ets:new(book, [public]),
    ets:insert(Book, [{script, Script}, {step, 0}, {count, 0}]),
    Witness = spawn_opt(fun() -> witness(Book) end, [link, {priority, high}]),
    ets:insert(Book, {witness, Witness}),
    Book.

close(Book) ->
    Witness = ets:lookup_element(Book, witness, 2),
    unlink(Witness),
    exit(Witness, kill),
    ets:delete(Book).

script(Book) -> ets:lookup_element(Book, script, 2).

step(Book, Step) -> ets:insert(Book, {step, Step}).

%% Writes a line of the log. Iolists, atoms, and reasons as {reason, R}.
log(Book, Stream, Parts) ->
    Number = ets:update_counter(Book, count, 1),
    Text = lists:join($\s, [text(Book, Part) || Part <- Parts]),
    ets:insert(Book, {{line, Number}, ets:lookup_element(Book, step, 2), Stream, Text}).

text(_, Atom) when is_atom(Atom) -> atom_to_list(Atom);
text(Book, {reason, Reason}) -> reason(Book, Reason);
text(Book, Pid) when is_pid(Pid) -> who(Book, Pid);
text(_, Text) -> Text.

entries(Book) ->
    Lines = lists:sort(ets:match(Book, {{line, '$1'}, '$2', '$3', '$4'})),
    [{Step, Stream, Text} || [_, Step, Stream, Text] <- Lines].

%% The name of the next incarnation: "a#1", "a#2", ...
next(Book, Id) ->
    Number = ets:update_counter(Book, {starts, Id}, 1, {{starts, Id}, 0}),
    {Number, Id ++ [$# | integer_to_list(Number)]}.

%% An incarnation is a process now: it can be found, and is watched.
enter(Book, Id, Name) ->
    ets:insert(Book, [{{pid, Id}, self(), Name}, {{who, self()}, Name}]),
    Witness = ets:lookup_element(Book, witness, 2),
    Witness ! {watch, self(), Name},
    receive {watched, Witness} -> ok end.

%% The name of the latest incarnation.
latest(Book, Id) -> ets:lookup_element(Book, {pid, Id}, 3).

pid(Book, Id) -> ets:lookup_element(Book, {pid, Id}, 2).

who(Book, Pid) ->
    case ets:lookup(Book, {who, Pid}) of
        [{_, Name}] -> Name;
        [] -> "unknown"
    end.

%% Waits until the script says `release Id`.
held(Book, Id) ->
    Number = ets:update_counter(Book, count, 1),
    ets:insert(Book, {{holding, self()}, Id, Number}),
    receive release -> ok end,
    ets:delete(Book, {holding, self()}).

%% Who has been held longest under this id.
holding(Book, Id) ->
    case lists:sort(ets:match(Book, {{holding, '$2'}, Id, '$1'})) of
        [] -> none;
        [[_, Pid] | _] -> Pid
    end.

is_held(Book) -> ets:match(Book, {{holding, '$1'}, '_', '_'}, 1) =/= '$end_of_table'.

%% This process takes its time and is waited for.
slow(Book) -> ets:insert(Book, {{slow, self()}}).

is_slow(Book) -> ets:match(Book, {{slow, '$1'}}, 1) =/= '$end_of_table'.

witness(Book) ->
    receive
        {watch, Pid, Name} ->
            monitor(process, Pid),
            ets:insert(Book, {{name, Pid}, Name}),
            Pid ! {watched, self()};
        {'DOWN', _, process, Pid, Reason} ->
            [{_, Name}] = ets:take(Book, {name, Pid}),
            ets:delete(Book, {holding, Pid}),
            ets:delete(Book, {slow, Pid}),
            log(Book, "witness", [Name, "ended", {reason, Reason}])
    end,
    witness(Book).

%% Reasons in the words that both sides have.
reason(_, Reason) when is_atom(Reason) -> atom_to_list(Reason);
reason(_, {shutdown, {failed_to_start_child, Id, _}}) -> ["failed:", Id];
reason(_, {shutdown, Why}) -> ["shutdown:", atom_to_list(Why)];
reason(_, {Error, [{_, _, _, _} | _]}) when is_atom(Error) -> ["crash:", atom_to_list(Error)];
reason(_, Reason) -> io_lib:format("~0p", [Reason]).
