%% A supervisor of a script. Its first child is a lamp that does nothing: so that there is a child.
-module(conform_sup).
-behaviour(supervisor).
-export([start_link/3, spec/3, init/1]).

%% What supervisor:start_link(conform_sup, ..) does, with priority high from the first moment.
start_link(Book, Parent, Id) ->
    Argument = {self, ?MODULE, {Book, Parent, Id}},
    gen_server:start_link(supervisor, Argument, [{spawn_opt, [{priority, high}]}]).

init({Book, Parent, Id}) ->
    {_, Name} = conform_book:next(Book, Id),
    conform_book:log(Book, Parent, ["start", Name]),
    conform_book:enter(Book, Id, Name),
    Script = conform_book:script(Book),
    Flags = conform_script:sup(Id, Script),
    Kids = [spec(Book, Name, Kid) || Kid <- conform_script:kids(Id, Script)],
    case Flags of
        #{strategy := simple_one_for_one} -> {ok, {Flags, Kids}};
        _ -> {ok, {Flags, [lamp(Book) | Kids]}}
    end.

lamp(Book) ->
    #{id => "lamp", start => {conform_worker, start_lamp, [Book]}}.

spec(Book, Sup, #{type := supervisor, id := Id} = Kid) ->
    spec(Kid, {?MODULE, start_link, [Book, Sup, Id]});
spec(Book, Sup, Kid) ->
    spec(Kid, {conform_worker, start_link, [Book, Sup, Kid]}).

spec(Kid, Start) ->
    Spec = maps:with([id, restart, shutdown, type, significant], Kid),
    Spec#{start => Start}.
