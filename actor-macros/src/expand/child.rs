//! One child: its spec in the tree, or, if it is dynamic, the method that starts it; and the
//! methods that find it.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Ident;
use syn::ext::IdentExt as _;

use super::paths::local;
use crate::model::{Child, Number, Parameter, Shutdown, Source, Tree};

/// The id of a child.
fn id(child: &Child) -> String {
    child.origin.method.unraw().to_string()
}

/// The `ChildSpec`, of a dynamic child that of its kind; `None` for one with a mistake.
pub(crate) fn spec(tree: &Tree, child: &Child, private: &TokenStream) -> Option<TokenStream> {
    let number = match &child.number {
        _ if !child.sound => return None,
        Number::Counted(count) => Some(quote!(count(#count))),
        Number::Partitioned(Some(count)) => Some(quote!(partitions(#count))),
        Number::Partitioned(None) => Some(quote!(partitions(::core::option::Option::None))),
        Number::Optional => Some(quote!(optional())),
        Number::One | Number::Dynamic => None,
    };
    let spec = local("child");
    let begin = begin(tree, child, &spec, private);
    let restart = child.restart.map(|restart| {
        let restart = restart_tokens(restart, private);
        quote!(restart(#restart))
    });
    let shutdown = child.shutdown.as_ref().map(|shutdown| {
        let shutdown = shutdown_tokens(shutdown, private);
        quote!(shutdown(#shutdown))
    });
    let significant = child.significant.map(|_| quote!(significant()));
    let backoff = child.backoff.as_ref().map(|(first, longest)| {
        let (first, longest) = (first.tokens(private), longest.tokens(private));
        quote!(backoff(#private::Backoff::new(#first, #longest)))
    });
    let max_children = child.max_children.as_ref().map(|most| quote!(max_children(#most)));
    let keep_mailbox = child.keep_mailbox.then(|| quote!(keep_mailbox()));
    let options = [restart, shutdown, number, significant, backoff, keep_mailbox, max_children];
    let options = options.into_iter().flatten();
    Some(quote! {{
        #begin
        #spec #(.#options)*
    }})
}

/// The `ChildSpec` without its options, as a variable.
fn begin(tree: &Tree, child: &Child, spec: &Ident, private: &TokenStream) -> TokenStream {
    let (this, siblings) = (local("this"), local("siblings"));
    let (id, made) = (id(child), &child.made);
    if matches!(child.number, Number::Dynamic) {
        return quote!(let #spec = #private::ChildSpec::dynamic::<#made>(#id););
    }
    let run = run(tree, child, &this, &siblings, private);
    quote! {
        let #this = #private::Arc::clone(self);
        let #spec = #private::ChildSpec::new::<#made, _, _>(
            #id,
            move |#siblings: #private::Siblings| {
                let #this = #private::Arc::clone(&#this);
                async move { #run }
            },
        );
    }
}

fn restart_tokens(restart: &str, private: &TokenStream) -> TokenStream {
    let restart = Ident::new(restart, Span::call_site());
    quote!(#private::Restart::#restart)
}

fn shutdown_tokens(shutdown: &Shutdown, private: &TokenStream) -> TokenStream {
    match shutdown {
        Shutdown::BrutalKill => quote!(#private::Shutdown::BrutalKill),
        Shutdown::Infinity => quote!(#private::Shutdown::Infinity),
        Shutdown::After(time) => {
            let time = time.tokens(private);
            quote!(#private::Shutdown::After(#time))
        }
    }
}

/// Calls the method with what it asks for, and makes a start result of what it returns.
fn run(
    tree: &Tree,
    child: &Child,
    this: &Ident,
    siblings: &Ident,
    private: &TokenStream,
) -> TokenStream {
    let (subject, method) = (&tree.subject.path, &child.origin.method);
    let arguments = child.parameters.iter().map(|parameter| {
        let name = &parameter.name;
        match &parameter.source {
            Source::Sibling(at) => sibling(&tree.children[*at], name, siblings, private),
            Source::Index => quote!(#private::Siblings::index(&#siblings)),
            Source::Start | Source::Unknown => quote!(#name),
        }
    });
    let span = method.span();
    let wait = child.origin.is_async.then(|| quote_spanned!(span=> .await));
    let call = quote_spanned!(span=> <#subject>::#method(&#this, #(#arguments),*) #wait);
    quote!(#private::IntoChild::into_child(#call))
}

/// The ref of an earlier child.
fn sibling(child: &Child, name: &Ident, siblings: &Ident, private: &TokenStream) -> TokenStream {
    let (id, made) = (id(child), &child.made);
    let function = match child.number {
        Number::Optional => "optional",
        Number::Counted(_) => "many",
        Number::Partitioned(_) => "partitions",
        Number::One | Number::Dynamic => "one",
    };
    let function = Ident::new(function, Span::call_site());
    quote_spanned!(name.span()=> #private::Siblings::#function::<#made>(&#siblings, #id))
}

/// The methods of the tree's ref for one child.
pub(crate) fn methods(tree: &Tree, child: &Child, private: &TokenStream) -> TokenStream {
    let (id, made) = (id(child), &child.made);
    let (vis, cfgs, docs) = (&child.origin.vis, &child.origin.cfgs, &child.origin.docs);
    let method = &child.origin.method;
    let reference = quote!(<#made as #private::Start>::Ref);
    let described = |text: String| docs.is_empty().then(|| quote!(#[doc = #text]));
    match &child.number {
        Number::One => {
            let doc = described(format!("The child `{id}`, through all its restarts."));
            quote! {
                #(#cfgs)* #(#docs)* #doc
                #vis fn #method(&self) -> #reference {
                    #private::SupervisorRef::child::<#made>(&self.0, #id)
                }
            }
        }
        Number::Optional => {
            let doc = described(format!("The child `{id}`, if this tree has one."));
            quote! {
                #(#cfgs)* #(#docs)* #doc
                #vis fn #method(&self) -> ::core::option::Option<#reference> {
                    #private::SupervisorRef::child_optional::<#made>(&self.0, #id)
                }
            }
        }
        Number::Counted(_) => {
            let (index, all) = (local("index"), format_ident!("{}_refs", method));
            let doc = described(format!("The child `{id}` of that number, if there is one."));
            let all_doc = format!("All children `{id}`, in order.");
            quote! {
                #(#cfgs)* #(#docs)* #doc
                #vis fn #method(&self, #index: usize) -> ::core::option::Option<#reference> {
                    #private::SupervisorRef::child_at::<#made>(&self.0, #id, #index)
                }
                #(#cfgs)* #[doc = #all_doc]
                #vis fn #all(&self) -> ::std::vec::Vec<#reference> {
                    #private::SupervisorRef::children::<#made>(&self.0, #id)
                }
            }
        }
        Number::Partitioned(_) => partitioned(child, private),
        Number::Dynamic => {
            let (start, find) = (start(tree, child, private), find(child, private));
            quote!(#start #find)
        }
    }
}

/// `teller("Ann")`, of a dynamic child with a key.
fn find(child: &Child, private: &TokenStream) -> Option<TokenStream> {
    child.key.as_ref()?;
    let (id, made, origin) = (id(child), &child.made, &child.origin);
    let (vis, cfgs, method) = (&origin.vis, &origin.cfgs, &origin.method);
    let key = local("key");
    let doc = format!("The child `{id}` with this key, if it is there.");
    Some(quote! {
        #(#cfgs)* #[doc = #doc]
        #vis fn #method(
            &self,
            #key: impl ::core::fmt::Display,
        ) -> ::core::option::Option<<#made as #private::Start>::Ref> {
            let #key = ::std::string::ToString::to_string(&#key);
            #private::SupervisorRef::keyed::<#made>(&self.0, #id, &#key)
        }
    })
}

/// `shard(&key)`, and `shard_refs()`.
fn partitioned(child: &Child, private: &TokenStream) -> TokenStream {
    let (id, made, origin) = (id(child), &child.made, &child.origin);
    let (vis, cfgs, docs, method) = (&origin.vis, &origin.cfgs, &origin.docs, &origin.method);
    let reference = quote!(<#made as #private::Start>::Ref);
    let (key, all) = (local("key"), format_ident!("{}_refs", method));
    let doc = docs.is_empty().then(|| {
        let text = format!("The child `{id}` that has this key.");
        quote!(#[doc = #text])
    });
    let all_doc = format!("All children `{id}`, in order, to be found by key.");
    quote! {
        #(#cfgs)* #(#docs)* #doc
        #vis fn #method(
            &self,
            #key: &(impl #private::Hash + ?::core::marker::Sized),
        ) -> #reference {
            #private::SupervisorRef::partition::<#made, _>(&self.0, #id, #key)
        }
        #(#cfgs)* #[doc = #all_doc]
        #vis fn #all(&self) -> #private::Partitions<#reference> {
            #private::SupervisorRef::partitions::<#made>(&self.0, #id)
        }
    }
}

/// `start_teller`: the parameters that are no siblings are its arguments.
fn start(tree: &Tree, child: &Child, private: &TokenStream) -> TokenStream {
    let (id, made, origin) = (id(child), &child.made, &child.origin);
    let (vis, cfgs, docs) = (&origin.vis, &origin.cfgs, &origin.docs);
    let name = format_ident!("start_{}", id, span = origin.method.span());
    let doc = docs.is_empty().then(|| {
        let text = format!("Starts a child `{id}`.");
        quote!(#[doc = #text])
    });
    let given: Vec<&Parameter> =
        child.parameters.iter().filter(|p| matches!(p.source, Source::Start)).collect();
    let (names, types): (Vec<_>, Vec<_>) = given.iter().map(|p| (&p.name, &p.ty)).unzip();
    let restart = restart_tokens(child.restart.unwrap_or("Permanent"), private);
    let shutdown = match &child.shutdown {
        Some(shutdown) => shutdown_tokens(shutdown, private),
        None => quote!(#private::Shutdown::of(<#made as #private::Start>::KIND)),
    };
    let output = quote! {
        ::core::result::Result<<#made as #private::Start>::Ref, #private::StartError>
    };
    let body = if child.sound {
        let make = make(tree, child, &names, private);
        match &child.key {
            None => quote! {
                #private::SupervisorRef::start_dynamic::<#made, _, _>(
                    &self.0, #id, #restart, #shutdown, #make,
                )
            },
            Some(key) => {
                let text = local("key");
                quote! {{
                    let #text = ::std::string::ToString::to_string(&#key);
                    #private::SupervisorRef::start_keyed::<#made, _, _>(
                        &self.0, #id, &#text, #restart, #shutdown, #make,
                    )
                }}
            }
        }
    } else {
        quote!(::core::future::pending::<#output>())
    };
    quote! {
        #(#cfgs)* #(#docs)* #doc
        #vis fn #name(&self, #(#names: #types),*) -> impl ::core::future::Future<
            Output = #output
        > + ::core::marker::Send {
            #body
        }
    }
}

/// What makes a dynamic child, at its start and at each restart. The arguments of a temporary one
/// are used once; all others are cloned.
fn make(tree: &Tree, child: &Child, names: &[&Ident], private: &TokenStream) -> TokenStream {
    let (this, siblings, given) = (local("this"), local("siblings"), local("given"));
    let run = run(tree, child, &this, &siblings, private);
    let subject = &tree.subject.path;
    let body = quote! {
        let #this = #private::Siblings::arguments::<#subject>(&#siblings)?;
        #run
    };
    if names.is_empty() {
        return quote!(move |#siblings: #private::Siblings| async move { #body });
    }
    if child.restart == Some("Temporary") {
        return quote! {{
            let #given = #private::Once::new((#(#names,)*));
            move |#siblings: #private::Siblings| {
                let #given = #private::Once::take(&#given);
                async move {
                    let (#(#names,)*) = #given?;
                    #body
                }
            }
        }};
    }
    let clones = child.parameters.iter().filter(|p| matches!(p.source, Source::Start)).map(|p| {
        let name = &p.name;
        // At the type, so that one that is not `Clone` is reported there.
        let span = syn::spanned::Spanned::span(&p.ty);
        let ty = &p.ty;
        quote_spanned!(span=> let #name = <#ty as ::core::clone::Clone>::clone(&#name);)
    });
    quote! {
        move |#siblings: #private::Siblings| {
            #(#clones)*
            async move { #body }
        }
    }
}
