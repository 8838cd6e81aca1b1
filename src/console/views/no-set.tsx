/** Said where the address names a set that is not there, or not for who asks. */
export function NoSet({ name }: { readonly name: string }) {
  return (
    <section class="state">
      <h1>There is no set {name}</h1>
      <p>
        It may have another name, or not be for you. <a href="#/sets">All sets</a>
      </p>
    </section>
  );
}
