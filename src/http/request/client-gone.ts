/** The client closed the connection before the reply was whole. Nobody is left to be told. */
export class ClientGone extends Error {
  constructor() {
    super('The client closed the connection');
    this.name = 'ClientGone';
  }
}
